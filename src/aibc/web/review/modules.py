"""Modules that wait for approval, and the decision by hand on one."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.catalog.snapshot import CatalogCache
from aibc.database.pool import Record
from aibc.errors import AibcError
from aibc.http.context import AppState, StateDep
from aibc.progress.explanation import explain
from aibc.reviews import desk, modules
from aibc.reviews.module_schemas import ModuleReviewRequest, PendingModulesQuery
from aibc.submissions import learners_work
from aibc.web.forms import read_form, validated
from aibc.web.templating import render
from aibc.web.visitors import PageStaff, Visitor

router = APIRouter(prefix="/review/modules", include_in_schema=False)

PAGE = 50
# More than any module has; what a learner handed in before that is on their own page.
MAX_FILES = 100
_EVERYTHING = (None, None, None)


@router.get("")
async def show_modules(
    visitor: PageStaff,
    state: StateDep,
    pathway_id: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Those that wait, the oldest first."""
    query = validated(
        PendingModulesQuery,
        {"pathway_id": pathway_id, "limit": PAGE, "offset": (page - 1) * PAGE},
    )
    cache: CatalogCache = state.catalog
    return render(
        visitor,
        "review/modules.html",
        catalog=await cache.current(),
        pathway_id=query.pathway_id,
        page=page,
        waiting=await modules.read_pending(state.database, query),
        counts=await desk.count_waiting(state.database, _EVERYTHING),
    )


@router.get("/{completion_id}")
async def show_module(completion_id: UUID, visitor: PageStaff, state: StateDep) -> Response:
    """One learner's module: why it stands as it does, its files, and the decision."""
    return await _page(visitor, state, completion_id)


@router.post("/{completion_id}/decision")
async def decide(
    request: Request, completion_id: UUID, visitor: PageStaff, state: StateDep
) -> Response:
    """Approve or reject by hand, and return to what waits."""
    fields = await read_form(request, visitor)
    verdict = fields.get("verdict", "")
    comments = fields.get("review_comments", "").replace("\r\n", "\n")
    sent = {
        "approval_status": verdict,
        "review_comments": comments,
        "change": "change" in fields,
    }
    try:
        decision = validated(ModuleReviewRequest, sent)
        await modules.decide(state.database, visitor.actor, completion_id, decision)
    except AibcError as error:
        if error.status == 404:
            return RedirectResponse("/review/modules?notice=module-gone", 303)
        return await _page(visitor, state, completion_id, error, comments)
    return RedirectResponse(f"/review/modules?notice=module-{verdict}", 303)


async def _page(
    visitor: Visitor,
    state: AppState,
    completion_id: UUID,
    error: AibcError | None = None,
    comments: str = "",
) -> Response:
    module, history = await modules.read_module(state.database, completion_id)
    async with state.database.connection() as connection:
        explanation = await explain(
            connection, module["user_id"], module["pathway_id"], shows_hidden=True
        )
    return render(
        visitor,
        "review/module.html",
        status=error.status if error else 200,
        one=module,
        history=history,
        explained=next(
            (one for one in explanation["modules"] if one["module_id"] == module["module_id"]), None
        ),
        files=await learners_work.submissions_of(
            state.database, module["user_id"], module_id=module["module_id"], limit=MAX_FILES
        ),
        may_decide=_may_decide(visitor, module),
        error=error,
        comments=comments,
    )


def _may_decide(visitor: Visitor, module: Record) -> bool:
    """What stands automatically, any staff may decide; what a person decided, they and admins."""
    if module["user_id"] == visitor.user_id:
        return False
    mine = module["reviewed_by"] == visitor.user_id
    return not module["decided_by_hand"] or mine or visitor.is_admin
