"""The instructor's side of a submission: queue, claim, decision, history."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from aibc.accounts.actors import Staff
from aibc.http.access import Caller
from aibc.http.answers import Answer, json_answer
from aibc.http.context import DatabaseDep, get_database
from aibc.http.hot import HotRoutes
from aibc.http.openapi import problems
from aibc.progress.documents import json_response
from aibc.progress.schemas import ModuleCompletion, Submission
from aibc.reviews import service
from aibc.reviews.schemas import (
    Decision,
    PendingPage,
    PendingQuery,
    ReviewClaim,
    ReviewRequest,
)

hot_reads = HotRoutes("/api/v1/resources", ["reviews"])
router = APIRouter(tags=["reviews"])


@hot_reads.get(
    "/admin/submissions/pending",
    actor=Staff,
    response_model=PendingPage,
    summary="What waits for review, oldest first",
    query=PendingQuery,
    is_conditional=False,  # it tells how long each has been waiting
)
async def read_pending(request: Request, caller: Caller, query: PendingQuery) -> Answer:
    """Across all pathways, or the part that the filters name. Page on with `next_cursor`."""
    page = await service.read_pending(get_database(request), caller, query)
    return json_answer(page.json())


@router.post(
    "/admin/submissions/{submission_id}/review",
    response_model=Submission,
    summary="Pass or fail a submission",
    responses=problems(403, 404, 409, 422),
)
async def review_submission(
    submission_id: UUID, decision: ReviewRequest, actor: Staff, database: DatabaseDep
) -> Response:
    """The first of two reviewers wins. Sending the decision that stands again changes nothing;
    replacing it takes `"change": true` from its reviewer or an administrator."""
    return json_response(await service.review(database, actor, submission_id, decision))


@router.post(
    "/admin/submissions/{submission_id}/undo",
    response_model=Submission,
    summary="Take a decision back within 60 seconds",
    responses=problems(403, 404, 409),
)
async def undo_review(submission_id: UUID, actor: Staff, database: DatabaseDep) -> Response:
    """The submission waits again, in its old place of the queue."""
    return json_response(await service.undo(database, actor, submission_id))


@router.post(
    "/admin/submissions/{submission_id}/claim",
    response_model=ReviewClaim,
    summary="Tell others that you are reviewing this",
    responses=problems(404, 409),
)
async def claim_review(submission_id: UUID, actor: Staff, database: DatabaseDep) -> Response:
    """Holds for 15 minutes; call again to renew. It never blocks a decision."""
    return json_response(await service.claim(database, actor, submission_id))


@router.delete(
    "/admin/submissions/{submission_id}/claim",
    response_model=ReviewClaim,
    summary="Give your claim back",
    responses=problems(404, 409),
)
async def release_claim(submission_id: UUID, actor: Staff, database: DatabaseDep) -> Response:
    """Also fine when nobody holds one."""
    return json_response(await service.release_claim(database, actor, submission_id))


@router.get(
    "/admin/submissions/{submission_id}/history",
    response_model=list[Decision],
    summary="Every decision on a submission, oldest first",
    responses=problems(404),
)
async def read_history(submission_id: UUID, _: Staff, database: DatabaseDep) -> Response:
    """Changes and undoings included; nothing is ever removed."""
    return json_response(await service.history(database, submission_id))


@router.post(
    "/admin/modules/{module_id}/check-auto-approve",
    response_model=ModuleCompletion,
    summary="Recount a learner's module",
    responses=problems(404),
)
async def recount_module(
    module_id: str, user_id: Annotated[UUID, Query()], _: Staff, database: DatabaseDep
) -> Response:
    """Counts from scratch and answers the module as it stands; figures are right without it."""
    async with database.transaction() as connection:
        document = await service.recount_module(connection, user_id, module_id)
    return json_response(document)
