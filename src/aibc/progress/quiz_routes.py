"""Taking a quiz, and one's own attempts at it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from aibc.accounts.actors import Learner
from aibc.http.context import DatabaseDep, SettingsDep
from aibc.http.openapi import problems
from aibc.progress import quiz_service
from aibc.progress.documents import json_response
from aibc.progress.quiz_schemas import (
    LARGEST_ATTEMPT,
    MAX_PAGE,
    AttemptRequest,
    AttemptResult,
    PastAttempt,
)

router = APIRouter(tags=["resources"])
PATH = "/users/me/resources/{resource_id}/quiz/attempts"


@router.post(
    PATH,
    summary="Take a quiz",
    response_model=AttemptResult,
    responses=problems(
        404,
        s400="The resource is not a quiz.",
        s409="No attempt is left, or the quiz is completed by `complete` instead.",
        s422="An answer does not fit the quiz; this used no attempt.",
    ),
)
async def attempt_quiz(
    resource_id: str,
    body: AttemptRequest,
    actor: Learner,
    database: DatabaseDep,
    settings: SettingsDep,
) -> Response:
    """Graded at once, all or nothing for each question. A pass completes the quiz; you may try
    again while attempts are left, and a fail after a pass takes nothing back."""
    return json_response(
        await quiz_service.attempt(database, settings.quizzes, actor.user_id, resource_id, body)
    )


@router.get(
    PATH,
    summary="Your attempts at a quiz, newest first",
    response_model=list[PastAttempt],
    responses=problems(404, s400="The resource is not a quiz."),
)
async def read_attempts(
    resource_id: str,
    actor: Learner,
    database: DatabaseDep,
    before: Annotated[
        int | None,
        Query(ge=1, le=LARGEST_ATTEMPT, description="Only attempts before this one."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> Response:
    """As each counts today: a corrected key may have changed the result of an old attempt."""
    return json_response(
        await quiz_service.history(database, actor.user_id, resource_id, before, limit)
    )
