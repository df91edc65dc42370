"""The desk: one submission with all that a decision is made on, and the decision."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.errors import AibcError
from aibc.http.context import AppState, DatabaseDep, StateDep
from aibc.reviews import desk as reviews_desk
from aibc.reviews import saved_comments, service
from aibc.reviews.schemas import GRADE_OF, ReviewRequest, SavedCommentText
from aibc.submissions.service import make_download
from aibc.web.forms import read_form, validated
from aibc.web.review.filters import Part, PartDep
from aibc.web.review.queue import to_next, undoable
from aibc.web.review.sheet import Sheet
from aibc.web.templating import render
from aibc.web.visitors import PageStaff, Visitor

router = APIRouter(prefix="/review/{submission_id}", include_in_schema=False)


@router.get("")
async def show_desk(
    request: Request,
    submission_id: UUID,
    visitor: PageStaff,
    part: PartDep,
    state: StateDep,
    done: UUID | None = None,
) -> Response:
    """The file on the left, the decision on the right."""
    return await _desk(request, visitor, part, state, submission_id, done=done)


@router.post("/decision")
async def decide(
    request: Request, submission_id: UUID, visitor: PageStaff, part: PartDep, state: StateDep
) -> Response:
    """Decide, and go on with the next that nobody else holds; or change a decision and stay."""
    fields = await read_form(request, visitor)
    verdict, comments = fields.get("verdict", ""), _text(fields)
    sent = {
        "submission_status": verdict,
        "grade": GRADE_OF.get(verdict, ""),
        "review_comments": comments,
        "change": "change" in fields,
    }
    try:
        decision = validated(ReviewRequest, sent)
        await service.review(state.database, visitor.actor, submission_id, decision)
    except AibcError as error:
        if error.status == 404:
            return RedirectResponse(part.address("/review", notice="withdrawn-meanwhile"), 303)
        return await _desk(
            request, visitor, part, state, submission_id, error=error, comments=comments
        )
    if decision.change:
        here = f"/review/{submission_id}"
        return RedirectResponse(part.address(here, notice="decision-changed"), 303)
    return await to_next(state.database, visitor, part, submission_id, done=submission_id)


@router.post("/undo")
async def undo(
    request: Request, submission_id: UUID, visitor: PageStaff, part: PartDep, state: StateDep
) -> Response:
    """Take the decision back and return to its desk."""
    await read_form(request, visitor)
    try:
        await service.undo(state.database, visitor.actor, submission_id)
    except AibcError as error:
        return await _desk(request, visitor, part, state, submission_id, error=error)
    with suppress(AibcError):  # somebody else may have taken it at this very moment
        await service.claim(state.database, visitor.actor, submission_id)
    return RedirectResponse(part.address(f"/review/{submission_id}", notice="undone"), 303)


@router.post("/claim")
async def claim(
    request: Request, submission_id: UUID, visitor: PageStaff, database: DatabaseDep
) -> Response:
    """Take or renew the claim while the desk is open; the sentence to show about it."""
    await read_form(request, visitor)
    sentence = None
    try:
        await service.claim(database, visitor.actor, submission_id)
    except AibcError as error:
        sentence = error.detail
    return render(visitor, "review/_claim.html", sentence=sentence)


@router.post("/release")
async def release(
    request: Request, submission_id: UUID, visitor: PageStaff, database: DatabaseDep
) -> Response:
    """Give the claim back when the desk is left."""
    await read_form(request, visitor)
    await service.release_claim(database, visitor.actor, submission_id)
    return Response(status_code=204)


@router.get("/download")
async def download(submission_id: UUID, visitor: PageStaff, state: StateDep) -> Response:
    """The file itself, by a link made for this click."""
    made = await make_download(state, visitor.actor, submission_id)
    return RedirectResponse(made["signed_url"], 303)


@router.post("/draft")
async def prepare(
    request: Request, submission_id: UUID, visitor: PageStaff, part: PartDep, state: StateDep
) -> Response:
    """Keep what is typed as a saved comment (`keep`), or put a saved one in (`insert`)."""
    fields = await read_form(request, visitor)
    comments = _text(fields)
    error = None
    try:
        if "keep" in fields:
            text = validated(SavedCommentText, {"body": comments})
            await saved_comments.save(state.database, visitor.user_id, text)
    except AibcError as refused:
        error = refused
    saved = await saved_comments.list_saved(state.database, visitor.user_id)
    wanted = [one["body"] for one in saved if str(one["id"]) == fields.get("insert")]
    comments = "\n\n".join(filter(None, [comments, *wanted]))
    return await _desk(request, visitor, part, state, submission_id, error=error, comments=comments)


def _text(fields: dict[str, str]) -> str:
    """What was typed: a browser sends each line break as two characters."""
    return fields.get("review_comments", "").replace("\r\n", "\n")


async def _desk(
    request: Request,
    visitor: Visitor,
    part: Part,
    state: AppState,
    submission_id: UUID,
    *,
    done: UUID | None = None,
    error: AibcError | None = None,
    comments: str | None = None,
) -> Response:
    found = await reviews_desk.read_desk(state.database, visitor.actor, submission_id, part.filters)
    sheet = Sheet(found, visitor, part, state.settings)
    counts = await reviews_desk.count_waiting(state.database, part.filters)
    values: dict[str, Any] = {
        "sheet": sheet,
        "part": part,
        "counts": counts,
        "since": counts["moment"],
        "shown": counts["submissions"],
        "view": sheet.view(request.query_params),
        "saved": await saved_comments.list_saved(state.database, visitor.user_id),
        "undoable": await undoable(state.database, visitor, done),
        "error": error,
        "comments": sheet.comments_to_begin_with() if comments is None else comments,
    }
    return render(visitor, "review/desk.html", status=error.status if error else 200, **values)
