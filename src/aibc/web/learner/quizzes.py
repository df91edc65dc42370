"""Taking a quiz, and what came of an attempt."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.catalog.quiz import learner_view
from aibc.errors import AibcError
from aibc.http.context import StateDep
from aibc.progress import quiz_service
from aibc.progress.errors import AttemptNotFound
from aibc.progress.quiz_schemas import LARGEST_ATTEMPT, AttemptRequest
from aibc.web.forms import read_form, validated
from aibc.web.learner.place import find_place
from aibc.web.learner.quiz_form import questions_of, read_answers, results_of
from aibc.web.learner.resource_page import Shown, resource_page
from aibc.web.templating import render
from aibc.web.visitors import PageLearner

router = APIRouter(include_in_schema=False)


@router.post("/resources/{resource_id}/attempts")
async def take_quiz(
    resource_id: str, request: Request, visitor: PageLearner, state: StateDep
) -> Response:
    """Grade the answers. Blank ones are asked about once before they count as wrong."""
    fields = await read_form(request, visitor)
    place = await find_place(state, visitor, resource_id)
    # Their order is for the eye alone.
    questions = questions_of(learner_view(place.resource.metadata), visitor.user_id, 0)
    answers = await read_answers(request, questions)
    blanks = len(questions) - len(answers)
    if blanks and "blanks" not in fields:
        shown = Shown(retake=True, answers=answers, blanks=range(blanks))
        return await resource_page(state, visitor, place, shown)
    try:
        attempt = await quiz_service.attempt(
            state.database,
            state.settings.quizzes,
            visitor.user_id,
            resource_id,
            validated(AttemptRequest, {"answers": answers}),
        )
    except AibcError as error:
        shown = Shown(error.status, refusal=error.detail, retake=True, answers=answers)
        return await resource_page(state, visitor, place, shown)
    return RedirectResponse(f"/resources/{resource_id}/attempts/{attempt['attempt']}", 303)


@router.get("/resources/{resource_id}/attempts/{number}")
async def show_attempt(
    resource_id: str, number: int, visitor: PageLearner, state: StateDep
) -> Response:
    """Right or wrong for each question; the right options and why only as the rules allow."""
    place = await find_place(state, visitor, resource_id)
    if not 0 < number < LARGEST_ATTEMPT:
        raise AttemptNotFound
    found = await quiz_service.history(state.database, visitor.user_id, resource_id, number + 1, 1)
    if not found or found[0]["attempt"] != number:
        raise AttemptNotFound
    quiz = await quiz_service.attempted_quiz(state.database, visitor.user_id, resource_id, number)
    return render(
        visitor,
        "learner/attempt.html",
        place=place,
        attempt=found[0],
        results=results_of(found[0], quiz, visitor.user_id),
    )
