"""Hot writes: what a learner reports about a resource, past the framework and in one statement."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from aibc.accounts.actors import Learner, admit, judge
from aibc.database.errors import blamed_on
from aibc.database.pool import Record
from aibc.database.queries import load_queries
from aibc.http.access import Caller
from aibc.http.context import get_state
from aibc.http.hot_writes import HotWrites
from aibc.http.openapi import problems
from aibc.progress.documents import (
    completion_write_document,
    json_response,
    written_completion_document,
)
from aibc.progress.schemas import Completion, CompletionWrite, ReportRequest, StartRequest

_WRITES = load_queries(__package__, "writes.sql")
_START = _WRITES["start"]
_REPORT = _WRITES["report"]
_COMPLETE = _WRITES["complete"]

resources = HotWrites("/api/v1/resources", ["resources"], judge)


@resources.add(
    "POST",
    "/users/me/resources/{resource_id}/start",
    actor=Learner,
    response_model=Completion,
    summary="Start a resource",
    responses=problems(404),
)
async def start_resource(
    request: Request, caller: Caller, body: StartRequest | None = None
) -> Response:
    """Makes your record, or answers the one that exists; never moves a later status back."""
    notes = body.notes if body else None
    return json_response(written_completion_document(await _write(request, caller, _START, notes)))


@resources.add(
    "PUT",
    "/users/me/resources/{resource_id}/progress",
    actor=Learner,
    response_model=CompletionWrite,
    summary="Report progress on a resource",
    responses=problems(
        404, s409="The status you sent is reached in another way; the sentence names it."
    ),
)
async def report_progress(request: Request, caller: Caller, body: ReportRequest) -> Response:
    """Percentage and minutes never go down, so late and repeated reports lose nothing.

    Reporting 100 or `completed` completes what is completed by your word. Anything else keeps 99
    until it is submitted, passed or reviewed.
    """
    with blamed_on("metadata"):
        row = await _write(
            request,
            caller,
            _REPORT,
            body.status,
            body.progress_percentage,
            body.time_spent_minutes,
            body.notes,
            body.metadata,
            _is_graded_by_clients(request),
        )
    return json_response(completion_write_document(row))


@resources.add(
    "POST",
    "/users/me/resources/{resource_id}/complete",
    actor=Learner,
    response_model=CompletionWrite,
    summary="Complete a resource",
    responses=problems(
        404, s409="It is completed by handing in a file or by passing the quiz instead."
    ),
)
async def complete_resource(request: Request, caller: Caller) -> Response:
    """Completes a video, an article, or an exercise or project that takes no file."""
    row = await _write(request, caller, _COMPLETE, _is_graded_by_clients(request))
    return json_response(completion_write_document(row))


async def _write(request: Request, caller: Caller, statement: str, *arguments: object) -> Record:
    """Write for the caller of the request, on the resource of its path."""
    row = await get_state(request).database.fetch_row(
        statement,
        caller.session_id,
        caller.user_id,
        sorted(caller.rule.roles),
        request.path_params["resource_id"],
        *arguments,
        repeatable=True,
    )
    admit(caller, row)
    assert row is not None, "somebody without a row is not admitted"  # noqa: S101
    return row


def _is_graded_by_clients(request: Request) -> bool:
    return get_state(request).settings.quizzes.grading == "client"
