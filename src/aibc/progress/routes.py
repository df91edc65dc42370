"""What a learner writes about a resource: start, report, complete, un-complete."""

from __future__ import annotations

from fastapi import APIRouter, Response

from aibc.accounts.actors import Learner
from aibc.http.context import DatabaseDep, SettingsDep
from aibc.http.openapi import problems
from aibc.progress import service
from aibc.progress.documents import json_response
from aibc.progress.schemas import Completion, CompletionWrite, ReportRequest, StartRequest

resources_router = APIRouter(tags=["resources"])


@resources_router.post(
    "/users/me/resources/{resource_id}/start",
    summary="Start a resource",
    response_model=Completion,
    responses=problems(404),
)
async def start_resource(
    resource_id: str, actor: Learner, database: DatabaseDep, body: StartRequest | None = None
) -> Response:
    """Makes your record, or answers the one that exists; never moves a later status back."""
    notes = body.notes if body else None
    return json_response(await service.start(database, actor.user_id, resource_id, notes))


@resources_router.put(
    "/users/me/resources/{resource_id}/progress",
    summary="Report progress on a resource",
    response_model=CompletionWrite,
    responses=problems(
        404, s409="The status you sent is reached in another way; the sentence names it."
    ),
)
async def report_progress(
    resource_id: str,
    body: ReportRequest,
    actor: Learner,
    database: DatabaseDep,
    settings: SettingsDep,
) -> Response:
    """Percentage and minutes never go down, so late and repeated reports lose nothing.

    Reporting 100 or `completed` completes what is completed by your word. Anything else keeps 99
    until it is submitted, passed or reviewed.
    """
    return json_response(
        await service.report(database, settings.quizzes, actor.user_id, resource_id, body)
    )


@resources_router.post(
    "/users/me/resources/{resource_id}/complete",
    summary="Complete a resource",
    response_model=CompletionWrite,
    responses=problems(
        404, s409="It is completed by handing in a file or by passing the quiz instead."
    ),
)
async def complete_resource(
    resource_id: str, actor: Learner, database: DatabaseDep, settings: SettingsDep
) -> Response:
    """Completes a video, an article, or an exercise or project that takes no file."""
    return json_response(
        await service.complete(database, settings.quizzes, actor.user_id, resource_id)
    )


@resources_router.delete(
    "/users/me/resources/{resource_id}/complete",
    summary="Mark a video or an article as not completed",
    response_model=Completion,
    responses=problems(
        404,
        s400="It is neither a video nor an article, or it is not completed.",
        s403="Its module is handed in already.",
    ),
)
async def uncomplete_resource(resource_id: str, actor: Learner, database: DatabaseDep) -> Response:
    """Your record goes back to `in_progress` at 0 %."""
    return json_response(await service.uncomplete(database, actor.user_id, resource_id))
