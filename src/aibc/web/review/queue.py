"""The queue: what waits, oldest first, and the way to the next that nobody else holds."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, AwareDatetime
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.accounts.actors import STAFF
from aibc.catalog.snapshot import CatalogCache
from aibc.errors import AibcError
from aibc.http.access import Caller
from aibc.http.context import DatabaseDep, StateDep
from aibc.reviews import desk, service
from aibc.web.forms import read_form
from aibc.web.review.filters import Part, PartDep, choices_of_modules
from aibc.web.templating import render
from aibc.web.visitors import PageStaff, Visitor

router = APIRouter(include_in_schema=False)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies before or after every calendar") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


@router.get("/review")
async def show_queue(
    visitor: PageStaff, part: PartDep, state: StateDep, done: UUID | None = None
) -> Response:
    """A page of what waits. `done` is what was just decided, as long as it can be undone."""
    cache: CatalogCache = state.catalog
    catalog = await cache.current()
    caller = Caller(visitor.user_id, visitor.actor.session_id, STAFF)
    page = await service.read_pending(state.database, caller, part.query)
    counts = await desk.count_waiting(state.database, part.filters)
    return render(
        visitor,
        "review/queue.html",
        part=part,
        catalog=catalog,
        modules=choices_of_modules(catalog, part.query.pathway_id),
        page=page.document(),
        counts=counts,
        since=counts["moment"],
        shown=counts["submissions"],
        undoable=await undoable(state.database, visitor, done),
    )


async def undoable(database: DatabaseDep, visitor: Visitor, done: UUID | None) -> object:
    """The decision that a page offers to undo."""
    return await desk.find_undoable(database, visitor.actor, done) if done else None


@router.get("/review/count")
async def count_waiting(
    visitor: PageStaff, part: PartDep, database: DatabaseDep, since: Moment, shown: int
) -> Response:
    """What an open page asks for every few seconds; nothing while nothing has changed."""
    counts = await desk.count_waiting(database, part.filters, since)
    if counts["submissions"] == shown:
        return Response(status_code=204)
    return render(
        visitor,
        "review/_count.html",
        part=part,
        counts=counts,
        since=since,
        shown=counts["submissions"],
    )


@router.post("/review/next")
async def open_next(
    request: Request,
    visitor: PageStaff,
    part: PartDep,
    database: DatabaseDep,
    after: UUID | None = None,
) -> Response:
    """Claim the oldest that nobody else holds, or the one behind `after`, which is given back."""
    await read_form(request, visitor)
    if after:
        with suppress(AibcError):  # decided, withdrawn or held by somebody else: not ours anyway
            await service.release_claim(database, visitor.actor, after)
    return await to_next(database, visitor, part, after)


async def to_next(
    database: DatabaseDep,
    visitor: Visitor,
    part: Part,
    after: UUID | None,
    done: UUID | None = None,
) -> Response:
    """On to the desk with what comes behind `after`, or back to the queue when nothing is left."""
    found = await desk.claim_next(database, visitor.actor, part.filters, after)
    if found is None:
        return RedirectResponse(part.address("/review", done=done, notice=_nothing(done)), 303)
    return RedirectResponse(part.address(f"/review/{found}", done=done), 303)


def _nothing(done: UUID | None) -> str | None:
    return None if done else "nothing-to-review"
