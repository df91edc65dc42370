"""Working through the queue: the next one to look at, and all that a decision is made on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from aibc.accounts.actors import Actor
from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries
from aibc.progress.documents import Document
from aibc.reviews import service
from aibc.submissions.errors import SubmissionNotFound

_QUERIES = load_queries(__package__, "desk.sql")
_COUNTS = _QUERIES["queue_counts"]
_CLAIM_NEXT = _QUERIES["claim_next"]
_PREVIOUS = _QUERIES["previous_waiting"]
_SUBMISSION = _QUERIES["reviewed_submission"]
_OTHER_ATTEMPTS = _QUERIES["other_attempts"]
_UNDOABLE = _QUERIES["undoable_decision"]

Filters: TypeAlias = tuple[str | None, str | None, str | None]

# Each round that is lost has given the submission to somebody else, so the queue moves on anyway.
MAX_ROUNDS = 50


@dataclass(frozen=True)
class Desk:
    """A submission, the other attempts (newest first), its history, and who waits before it."""

    submission: Record
    other_attempts: list[Record]
    history: list[Document]
    previous_id: UUID | None


async def count_waiting(
    database: Database, filters: Filters, since: datetime | None = None
) -> Record:
    """How many wait and match, how many of them came after `since`, and the database's clock."""
    (row,) = await database.fetch(_COUNTS, since, *filters)
    return row


async def claim_next(
    database: Database, actor: Actor, filters: Filters, after: UUID | None = None
) -> UUID | None:
    """Claim the oldest submission behind `after` that the actor may decide and nobody else holds.

    Behind the last one the queue begins anew, so that what was passed over comes up again.
    """
    for behind in (after, None) if after else (None,):
        found = await _claim_behind(database, actor, filters, behind, after)
        if found is not None:
            return found
    return None


async def _claim_behind(
    database: Database,
    actor: Actor,
    filters: Filters,
    behind: UUID | None,
    passed_over: UUID | None,
) -> UUID | None:
    for _ in range(MAX_ROUNDS):
        row = await database.fetch_row(_CLAIM_NEXT, actor.user_id, behind, *filters, passed_over)
        if row is None:
            return None
        if row["claimed"]:
            claimed: UUID = row["id"]
            return claimed
    return None


async def read_desk(
    database: Database, actor: Actor, submission_id: UUID, filters: Filters
) -> Desk:
    """All that a decision is made on. Raises SubmissionNotFound, for withdrawn ones too."""
    submission = await database.fetch_row(_SUBMISSION, submission_id)
    if submission is None:
        raise SubmissionNotFound
    return Desk(
        submission=submission,
        other_attempts=await database.fetch(_OTHER_ATTEMPTS, submission_id),
        history=await service.history(database, submission_id),
        previous_id=await database.fetch_value(_PREVIOUS, actor.user_id, submission_id, *filters),
    )


async def find_undoable(database: Database, actor: Actor, submission_id: UUID) -> Record | None:
    """The actor's decision on a submission while it can still be taken back."""
    return await database.fetch_row(_UNDOABLE, actor.user_id, submission_id)
