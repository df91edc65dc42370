"""What a learner does to a pathway or a module as a whole."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries
from aibc.database.statements import render
from aibc.progress.documents import Document, module_completion_document, progress_document
from aibc.progress.schemas import HandInRequest
from aibc.progress.tables import module_completions

_QUERIES = load_queries(__package__)
_ENTER = _QUERIES["enter_pathway"]
_HAND_IN = _QUERIES["hand_in_module"]


async def enter(
    database: Database, user_id: UUID, pathway_id: str, module_id: str | None = None
) -> Document:
    """Start the pathway or return to it, at the module if one is given; answers the progress."""
    return progress_document(await _call(database, _ENTER, user_id, pathway_id, module_id))


async def hand_in(database: Database, user_id: UUID, sent: HandInRequest) -> Document:
    """Hand in a module; answers its completion, the standing one if it waits or is approved."""
    row = await _call(
        database, _HAND_IN, user_id, sent.pathway_id, sent.module_id, sent.time_spent_minutes
    )
    return module_completion_document(row)


async def list_completions(
    database: Database, user_id: UUID, pathway_id: str | None
) -> list[Document]:
    """The learner's modules handed in, of one pathway or of all, the latest first."""
    table = module_completions.c
    statement = select(module_completions).where(table.user_id == user_id)
    if pathway_id is not None:
        statement = statement.where(table.pathway_id == pathway_id)
    text, arguments = render(statement.order_by(table.completed_at.desc(), table.module_id))
    rows = await database.fetch(text, *arguments, repeatable=True)
    return [module_completion_document(row) for row in rows]


async def _call(database: Database, function: str, *arguments: object) -> Record:
    row = await database.fetch_row(function, *arguments)
    assert row is not None, "the function answers one row or refuses"  # noqa: S101
    return row
