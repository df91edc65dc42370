"""The queue, and decisions on what waits in it. Each decision is one call of one SQL function."""

from __future__ import annotations

from uuid import UUID

from aibc.accounts.actors import Actor, admit
from aibc.database.errors import blamed_on
from aibc.database.pool import Connection, Database, Record
from aibc.database.queries import load_queries
from aibc.http.access import Caller
from aibc.progress.documents import (
    Document,
    Shape,
    module_completion_document,
    submission_document,
)
from aibc.reviews.cursor import Cursor, decode_cursor, encode_cursor
from aibc.reviews.errors import ClaimHeldByAnother, ModuleNotHandedIn
from aibc.reviews.schemas import Decision, PendingQuery, PendingSubmission, ReviewRequest
from aibc.submissions.errors import SubmissionNotFound

_QUERIES = load_queries(__package__)
_PENDING_PAGE = _QUERIES["pending_page"]
_REVIEW = _QUERIES["review_submission"]
_UNDO = _QUERIES["undo_review"]
_CLAIM = _QUERIES["claim_review"]
_RELEASE = _QUERIES["release_claim"]
_HISTORY = _QUERIES["submission_history"]
_RECOUNT = _QUERIES["recount_module"]
_MODULE_COMPLETION = _QUERIES["module_completion"]

_pending_document = Shape(*PendingSubmission.model_fields)
_decision_document = Shape(*Decision.model_fields)


async def read_pending(database: Database, caller: Caller, query: PendingQuery) -> Document:
    """A page of the queue. Raises what `admit` raises when the caller is not staff."""
    after = decode_cursor(query.cursor) if query.cursor else (None, None)
    # One item more than asked for tells whether there is a next page.
    rows = await database.fetch(
        _PENDING_PAGE,
        caller.session_id,
        caller.user_id,
        *after,
        query.limit + 1,
        query.offset,
        *query.filters,
        repeatable=True,
    )
    admit(caller, rows[0] if rows else None)
    return _page(rows, query.limit)


def _page(rows: list[Record], limit: int) -> Document:
    read = _pending_document.reader(rows[0])
    items = [read(row) for row in rows] if rows[0]["id"] is not None else []
    next_cursor = None
    if len(items) > limit:
        del items[limit:]
        next_cursor = encode_cursor(Cursor(items[-1]["created_at"], UUID(items[-1]["id"])))
    return {
        "total_pending": rows[0]["total_pending"],
        "submissions": items,
        "next_cursor": next_cursor,
    }


async def review(
    database: Database, actor: Actor, submission_id: UUID, request: ReviewRequest
) -> Document:
    """Decide, or confirm or change a decision. Raises RuleViolation."""
    with blamed_on("review_comments"):
        (row,) = await database.fetch(
            _REVIEW,
            actor.user_id,
            actor.is_admin,
            submission_id,
            request.submission_status,
            request.review_comments,
            request.change,
        )
    return submission_document(row)


async def undo(database: Database, actor: Actor, submission_id: UUID) -> Document:
    """Return a submission to the queue within a minute of its decision. Raises RuleViolation."""
    (row,) = await database.fetch(_UNDO, actor.user_id, actor.is_admin, submission_id)
    return submission_document(row)


async def claim(database: Database, actor: Actor, submission_id: UUID) -> Document:
    """Take or renew the claim for 15 minutes. Raises RuleViolation naming another holder."""
    (row,) = await database.fetch(_CLAIM, actor.user_id, submission_id)
    return dict(row)


async def release_claim(database: Database, actor: Actor, submission_id: UUID) -> Document:
    """Give the caller's claim back; also fine when there is none.

    Raises SubmissionNotFound, and ClaimHeldByAnother naming the holder.
    """
    row = await database.fetch_row(_RELEASE, submission_id, actor.user_id)
    if row is None:
        raise SubmissionNotFound
    if row["holder"] is not None:
        raise ClaimHeldByAnother(
            f"{row['holder']} is reviewing this submission, so the claim is theirs to give back."
        )
    return {
        "submission_id": submission_id,
        "claimed_by": None,
        "claimed_by_name": None,
        "claimed_until": None,
    }


async def history(database: Database, submission_id: UUID) -> list[Document]:
    """Every decision on the submission, oldest first. Raises SubmissionNotFound."""
    rows = await database.fetch(_HISTORY, submission_id)
    if not rows:
        raise SubmissionNotFound
    return [_decision_document(row) for row in rows if row["action"] is not None]


async def recount_module(connection: Connection, user_id: UUID, module_id: str) -> Document:
    """Recount a learner's module from scratch. Raises ModuleNotHandedIn when no row stands."""
    await connection.execute(_RECOUNT, user_id, module_id)
    row = await connection.fetchrow(_MODULE_COMPLETION, user_id, module_id)
    if row is None:
        raise ModuleNotHandedIn
    return module_completion_document(row)
