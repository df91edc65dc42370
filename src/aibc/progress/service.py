"""What a learner reports about a resource: each use case is one call of one SQL function.

The database locks, checks, writes and recounts in that call, and refuses with a RuleViolation.
"""

from __future__ import annotations

from uuid import UUID

from aibc.database.errors import blamed_on
from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries
from aibc.progress.documents import (
    Document,
    completion_write_document,
    written_completion_document,
)
from aibc.progress.schemas import ReportRequest
from aibc.settings import QuizSettings

_QUERIES = load_queries(__package__)
_START = _QUERIES["start"]
_REPORT = _QUERIES["report"]
_COMPLETE = _QUERIES["complete"]
_UNCOMPLETE = _QUERIES["uncomplete"]


async def start(database: Database, user_id: UUID, resource_id: str, notes: str | None) -> Document:
    """The record on the resource: made now, or the one that exists."""
    return written_completion_document(await _call(database, _START, user_id, resource_id, notes))


async def report(
    database: Database,
    quizzes: QuizSettings,
    user_id: UUID,
    resource_id: str,
    sent: ReportRequest,
) -> Document:
    """Take a report of progress; answers the record and the figures around it."""
    with blamed_on("metadata"):
        row = await _call(
            database,
            _REPORT,
            user_id,
            resource_id,
            sent.status,
            sent.progress_percentage,
            sent.time_spent_minutes,
            sent.notes,
            sent.metadata,
            quizzes.grading == "client",
        )
    return completion_write_document(row)


async def complete(
    database: Database, quizzes: QuizSettings, user_id: UUID, resource_id: str
) -> Document:
    """Complete the resource by the learner's word; answers the record and the figures around it."""
    row = await _call(database, _COMPLETE, user_id, resource_id, quizzes.grading == "client")
    return completion_write_document(row)


async def uncomplete(database: Database, user_id: UUID, resource_id: str) -> Document:
    """Take back the completion of a video or an article; answers the record."""
    row = await _call(database, _UNCOMPLETE, user_id, resource_id, repeatable=False)
    return written_completion_document(row)


async def _call(
    database: Database, function: str, *arguments: object, repeatable: bool = True
) -> Record:
    row = await database.fetch_row(function, *arguments, repeatable=repeatable)
    assert row is not None, "the function answers one row or refuses"  # noqa: S101
    return row
