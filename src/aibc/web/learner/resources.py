"""A resource: what there is to do, and the learner's word that it is done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.errors import AibcError
from aibc.http.context import AppState, StateDep
from aibc.http.schemas import RequestModel
from aibc.progress import service
from aibc.progress.schemas import MAX_MINUTES, ReportRequest
from aibc.web.forms import read_form, validated
from aibc.web.learner.place import Place, find_place
from aibc.web.learner.resource_page import Shown, resource_page
from aibc.web.templating import render
from aibc.web.visitors import PageLearner, Visitor

router = APIRouter(include_in_schema=False)


class MinutesForm(RequestModel):
    """A total, never what came on top of the last report: a report that is lost loses nothing."""

    minutes: Annotated[int, Field(ge=0, le=MAX_MINUTES)]


@router.get("/resources/{resource_id}")
async def show_resource(
    resource_id: str,
    visitor: PageLearner,
    state: StateDep,
    play: bool = False,
    retake: bool = False,
) -> Response:
    """The page of a resource. A video is asked of its site only once the learner plays it here."""
    place = await find_place(state, visitor, resource_id)
    return await resource_page(state, visitor, place, Shown(is_playing=play, retake=retake))


@router.post("/resources/{resource_id}/start")
async def start(
    resource_id: str, request: Request, visitor: PageLearner, state: StateDep
) -> Response:
    """Remember that the learner is here; sent by the page's script."""
    await read_form(request, visitor)
    await service.start(state.database, visitor.user_id, resource_id, None)
    if not _by_script(request):
        return _back_to(resource_id)
    return _moved(visitor, await find_place(state, visitor, resource_id))


@router.post("/resources/{resource_id}/minutes")
async def report_minutes(
    resource_id: str, request: Request, visitor: PageLearner, state: StateDep
) -> Response:
    """The minutes the learner has spent here in all, as the page's script has counted them."""
    fields = await read_form(request, visitor)
    minutes = validated(MinutesForm, {"minutes": fields.get("minutes", "")}).minutes
    sent = ReportRequest(time_spent_minutes=minutes)
    await service.report(state.database, state.settings.quizzes, visitor.user_id, resource_id, sent)
    return Response(status_code=204)


@router.post("/resources/{resource_id}/complete")
async def complete(
    resource_id: str, request: Request, visitor: PageLearner, state: StateDep
) -> Response:
    """Mark it as done, by the learner's word."""
    await read_form(request, visitor)
    refusal = None
    try:
        await service.complete(state.database, state.settings.quizzes, visitor.user_id, resource_id)
    except AibcError as error:
        refusal = error
    place = await find_place(state, visitor, resource_id)
    return await _answer(request, state, visitor, place, refusal, "done")


@router.post("/resources/{resource_id}/uncomplete")
async def uncomplete(
    resource_id: str, request: Request, visitor: PageLearner, state: StateDep
) -> Response:
    """Take that word back, where nothing builds on it yet."""
    await read_form(request, visitor)
    refusal = None
    try:
        await service.uncomplete(state.database, visitor.user_id, resource_id)
    except AibcError as error:
        refusal = error
    place = await find_place(state, visitor, resource_id)
    return await _answer(request, state, visitor, place, refusal, "not-done")


async def _answer(
    request: Request,
    state: AppState,
    visitor: Visitor,
    place: Place,
    refusal: AibcError | None,
    notice: str,
) -> Response:
    """To a script the parts that moved; to everybody else the page."""
    if _by_script(request):
        return _moved(visitor, place, refusal.detail if refusal else None)
    if refusal is None:
        return _back_to(place.resource.id, notice)
    return await resource_page(state, visitor, place, Shown(refusal.status, refusal.detail))


def _moved(visitor: Visitor, place: Place, refusal: str | None = None) -> Response:
    return render(visitor, "learner/_moved.html", place=place, refusal=refusal)


def _by_script(request: Request) -> bool:
    return "hx-request" in request.headers


def _back_to(resource_id: str, notice: str = "") -> Response:
    return RedirectResponse(
        f"/resources/{resource_id}" + (f"?notice={notice}" if notice else ""), 303
    )
