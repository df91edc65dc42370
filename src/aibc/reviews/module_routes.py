"""The instructor's side of a module: the queue and the decision."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from aibc.accounts.actors import Staff
from aibc.http.context import DatabaseDep
from aibc.http.openapi import problems
from aibc.progress.documents import json_response
from aibc.progress.schemas import ModuleCompletion
from aibc.reviews import modules
from aibc.reviews.module_schemas import (
    ModuleEvent,
    ModuleReviewRequest,
    PendingModulesPage,
    PendingModulesQuery,
)

router = APIRouter(tags=["reviews"])


@router.get(
    "/modules/pending-reviews",
    response_model=PendingModulesPage,
    summary="Modules that wait for approval, oldest first",
)
async def read_pending_modules(
    query: Annotated[PendingModulesQuery, Query()], _: Staff, database: DatabaseDep
) -> Response:
    """Across all pathways, or those of one."""
    return json_response(await modules.read_pending(database, query))


@router.post(
    "/modules/{completion_id}/approve",
    response_model=ModuleCompletion,
    summary="Approve or reject a module by hand",
    responses=problems(
        404, s403="It is your own module.", s409="A decision by hand stands already."
    ),
)
async def decide_module(
    completion_id: UUID, decision: ModuleReviewRequest, actor: Staff, database: DatabaseDep
) -> Response:
    """What stands automatically, any staff may decide. What a person decided is replaced with
    `"change": true`, by that person or an administrator; repeating it changes nothing."""
    return json_response(await modules.decide(database, actor, completion_id, decision))


@router.post(
    "/modules/{completion_id}/undo",
    response_model=ModuleCompletion,
    summary="Take a decision on a module back within 60 seconds",
    responses=problems(
        404,
        s403="It is your own module.",
        s409="No decision by hand stands, it is another's or too old, or something was handed in "
        "since.",
    ),
)
async def undo_module_decision(
    completion_id: UUID, actor: Staff, database: DatabaseDep
) -> Response:
    """For its reviewer and administrators. What stood before the decision stands again."""
    return json_response(await modules.undo(database, actor, completion_id))


@router.get(
    "/modules/{completion_id}/history",
    response_model=list[ModuleEvent],
    summary="Everything that decided over a module, oldest first",
    responses=problems(404),
)
async def read_module_history(completion_id: UUID, _: Staff, database: DatabaseDep) -> Response:
    """Decisions by hand, changes that the figures made, and hand-ins; nothing is ever removed."""
    return json_response(await modules.history(database, completion_id))
