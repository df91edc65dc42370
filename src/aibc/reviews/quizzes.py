"""Quizzes as staff see them: one more attempt, item statistics, regrading."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aibc.accounts.actors import Actor
from aibc.database.pool import Connection, Database
from aibc.database.queries import load_queries
from aibc.progress.documents import Document
from aibc.reviews.question_quality import facility, reasons
from aibc.reviews.quiz_schemas import Population

_QUERIES = load_queries(__package__, "quizzes.sql")
_GRANT = _QUERIES["grant_attempt"]
_STATISTICS = _QUERIES["quiz_statistics"]
_REGRADE = _QUERIES["regrade"]
_ALLOW_TIME = _QUERIES["allow_time"]

REGRADE_SECONDS = 120


async def grant_attempt(
    database: Database, actor: Actor, user_id: UUID, resource_id: str
) -> Document:
    """Grant the learner one more attempt. Raises RuleViolation."""
    (row,) = await database.fetch(_GRANT, actor.user_id, user_id, resource_id)
    return dict(row)


async def statistics(database: Database, resource_id: str, population: Population) -> Document:
    """How the quiz and each of its questions work. Raises RuleViolation where there is none."""
    (row,) = await database.fetch(_STATISTICS, resource_id, population == "first")
    return {**row, "questions": [_judged(question) for question in row["questions"]]}


def _judged(question: dict[str, Any]) -> Document:
    found = reasons(question)
    return {
        **question,
        "facility": facility(question),
        "flagged": bool(found),
        "reasons": found,
    }


async def regrade(
    connection: Connection, actor: Actor, resource_id: str, *, dry_run: bool
) -> Document:
    """Grade past attempts by the present key, or only report what that would change."""
    await connection.execute(_ALLOW_TIME, f"{REGRADE_SECONDS}s")
    report = await connection.fetchval(
        _REGRADE, actor.user_id, resource_id, dry_run, timeout=REGRADE_SECONDS + 1
    )
    return {"resource_id": resource_id, "dry_run": dry_run, **report}
