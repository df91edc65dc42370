"""Quizzes as staff see them: one more attempt, item statistics, regrading."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from aibc.accounts.actors import Staff
from aibc.http.context import DatabaseDep
from aibc.http.openapi import problems
from aibc.progress.documents import json_response
from aibc.reviews import quizzes
from aibc.reviews.quiz_schemas import (
    AttemptGrant,
    Population,
    QuizStatistics,
    RegradeReport,
    RegradeRequest,
)

router = APIRouter(prefix="/admin/quizzes/{resource_id}", tags=["reviews"])
_NOT_A_QUIZ = "The resource is not a quiz."


@router.post(
    "/grant-attempt",
    response_model=AttemptGrant,
    summary="Grant a learner one more attempt",
    responses=problems(403, 404, s400=_NOT_A_QUIZ, s409="The quiz sets no limit."),
)
async def grant_attempt(
    resource_id: str, user_id: Annotated[UUID, Query()], actor: Staff, database: DatabaseDep
) -> Response:
    """Each call grants one more; it is kept who granted it and when."""
    return json_response(await quizzes.grant_attempt(database, actor, user_id, resource_id))


@router.get(
    "/statistics",
    response_model=QuizStatistics,
    summary="What learners chose, and which question is bad",
    responses=problems(404, s400=_NOT_A_QUIZ),
)
async def read_statistics(
    resource_id: str,
    _: Staff,
    database: DatabaseDep,
    attempts: Annotated[
        Population, Query(description="All attempts, or each learner's first.")
    ] = "all",
) -> Response:
    """Judged by the key as it stands today. Flags need ten attempts or more."""
    return json_response(await quizzes.statistics(database, resource_id, attempts))


@router.post(
    "/regrade",
    response_model=RegradeReport,
    summary="Grade past attempts by the corrected key",
    responses=problems(404, s400=_NOT_A_QUIZ),
)
async def regrade(
    resource_id: str, actor: Staff, database: DatabaseDep, body: RegradeRequest | None = None
) -> Response:
    """Without a body, or with `dry_run: true`, it only reports. No pass is ever taken back."""
    dry_run = body is None or body.dry_run
    async with database.transaction() as connection:
        report = await quizzes.regrade(connection, actor, resource_id, dry_run=dry_run)
    return json_response(report)
