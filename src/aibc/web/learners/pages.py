"""Find a learner, and all of their progress and work on one page each."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.accounts.schemas import UserFilter
from aibc.accounts.service import list_accounts, read_profile
from aibc.database.pool import Database, Record
from aibc.errors import AibcError
from aibc.http.context import DatabaseDep
from aibc.progress import learners_progress
from aibc.progress.explanation import explain
from aibc.reviews import quizzes
from aibc.submissions import learners_work
from aibc.web.forms import read_form, validated
from aibc.web.templating import render
from aibc.web.visitors import PageStaff, Visitor

router = APIRouter(prefix="/learners", include_in_schema=False)

PAGE = 25
FILES = 25
Page = Annotated[int, Query(ge=1, le=100_000)]


@router.get("")
async def list_learners(
    visitor: PageStaff, database: DatabaseDep, q: str = "", page: Page = 1
) -> Response:
    """Everybody, or whose name or e-mail holds `q`: staff may learn too."""
    wanted = validated(
        UserFilter, {"search": q.strip(), "limit": PAGE, "offset": (page - 1) * PAGE}
    )
    async with database.connection() as connection:
        total, people = await list_accounts(connection, wanted)
    ids = [one["id"] for one in people]
    return render(
        visitor,
        "learners/list.html",
        q=q,
        page=page,
        size=PAGE,
        total=total,
        people=people,
        progress=await learners_progress.progress_of(database, ids),
        work=await learners_work.work_of(database, ids),
    )


@router.get("/{user_id}")
async def show_progress(user_id: UUID, visitor: PageStaff, database: DatabaseDep) -> Response:
    """Their pathways with figures, and each module with its state and its approval."""
    return render(
        visitor,
        "learners/progress.html",
        person=await _person(database, user_id),
        pathways=await learners_progress.pathways_of(database, user_id),
    )


@router.get("/{user_id}/work")
async def show_work(
    user_id: UUID,
    visitor: PageStaff,
    database: DatabaseDep,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """Every file with its decision, the newest first."""
    # One more than shown tells whether there are older ones.
    files = await learners_work.submissions_of(database, user_id, before=before, limit=FILES + 1)
    return render(
        visitor,
        "learners/work.html",
        person=await _person(database, user_id),
        files=files[:FILES],
        more=len(files) > FILES,
        before=before,
    )


@router.get("/{user_id}/quizzes")
async def show_quizzes(user_id: UUID, visitor: PageStaff, database: DatabaseDep) -> Response:
    """Every attempt at every quiz."""
    return await _quizzes(visitor, database, user_id)


@router.post("/{user_id}/quizzes/{resource_id}/grant")
async def grant_attempt(
    request: Request, user_id: UUID, resource_id: str, visitor: PageStaff, database: DatabaseDep
) -> Response:
    """One more attempt; it is kept who granted it."""
    await read_form(request, visitor)
    try:
        await quizzes.grant_attempt(database, visitor.actor, user_id, resource_id)
    except AibcError as error:
        return await _quizzes(visitor, database, user_id, error)
    return RedirectResponse(f"/learners/{user_id}/quizzes?notice=attempt-granted", 303)


@router.get("/{user_id}/pathways/{slug}")
async def explain_figures(
    user_id: UUID, slug: str, visitor: PageStaff, database: DatabaseDep
) -> Response:
    """Why their percentage is what it is: every resource, and the sums."""
    async with database.connection() as connection:
        person = await read_profile(connection, user_id)
        explanation = await explain(connection, user_id, slug, shows_hidden=True)
    return render(visitor, "learners/explain.html", person=person, explanation=explanation)


async def _quizzes(
    visitor: Visitor, database: Database, user_id: UUID, error: AibcError | None = None
) -> Response:
    return render(
        visitor,
        "learners/quizzes.html",
        status=error.status if error else 200,
        person=await _person(database, user_id),
        quizzes=await learners_progress.quizzes_of(database, user_id),
        error=error,
    )


async def _person(database: Database, user_id: UUID) -> Record:
    async with database.connection() as connection:
        return await read_profile(connection, user_id)
