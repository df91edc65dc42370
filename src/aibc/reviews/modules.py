"""Modules that wait for approval, and decisions by hand on them."""

from __future__ import annotations

from uuid import UUID

from aibc.accounts.actors import Actor
from aibc.database.errors import blamed_on
from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries
from aibc.progress.documents import Document, Shape, module_completion_document
from aibc.reviews.errors import ModuleNotHandedIn
from aibc.reviews.module_schemas import (
    ModuleEvent,
    ModuleReviewRequest,
    PendingModule,
    PendingModulesQuery,
)

_QUERIES = load_queries(__package__, "modules.sql")
_PENDING = _QUERIES["pending_modules"]
_DECIDE = _QUERIES["decide_module"]
_MODULE = _QUERIES["reviewed_module"]
_UNDO = _QUERIES["undo_module_decision"]
_EVENTS = _QUERIES["module_events"]
_HISTORY = _QUERIES["module_history"]

_pending_document = Shape(*PendingModule.model_fields)
_event_document = Shape(*ModuleEvent.model_fields)


async def read_pending(database: Database, query: PendingModulesQuery) -> Document:
    """A page of the queue with the exact total."""
    rows = await database.fetch(_PENDING, query.pathway_id, query.limit, query.offset)
    return {
        "total_pending": rows[0]["total_pending"],
        "reviews": [_pending_document(row) for row in rows if row["id"] is not None],
        "limit": query.limit,
        "offset": query.offset,
    }


async def decide(
    database: Database, actor: Actor, completion_id: UUID, request: ModuleReviewRequest
) -> Document:
    """Approve or reject; answers the completion. Raises RuleViolation."""
    with blamed_on("review_comments"):
        (row,) = await database.fetch(
            _DECIDE,
            actor.user_id,
            actor.is_admin,
            completion_id,
            request.approval_status,
            request.review_comments,
            request.change,
        )
    return module_completion_document(row)


async def read_module(database: Database, completion_id: UUID) -> tuple[Record, list[Record]]:
    """A learner's completion of a module, and what decided over it, the newest first.

    Raises ModuleNotHandedIn.
    """
    module = await database.fetch_row(_MODULE, completion_id)
    if module is None:
        raise ModuleNotHandedIn
    return module, await database.fetch(_HISTORY, module["user_id"], module["module_id"])


async def undo(database: Database, actor: Actor, completion_id: UUID) -> Document:
    """Take the newest decision back within a minute of it. Raises RuleViolation."""
    (row,) = await database.fetch(_UNDO, actor.user_id, actor.is_admin, completion_id)
    return module_completion_document(row)


async def history(database: Database, completion_id: UUID) -> list[Document]:
    """Everything that decided over the module, oldest first. Raises ModuleNotHandedIn."""
    rows = await database.fetch(_EVENTS, completion_id)
    if not rows:
        raise ModuleNotHandedIn("There is no such module completion.")
    return [_event_document(row) for row in rows]
