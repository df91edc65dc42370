"""The queue, and decisions on what waits in it. Each decision is one call of one SQL function."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from aibc.accounts.actors import Actor, admit
from aibc.database.errors import blamed_on
from aibc.database.pool import Connection, Database, Record
from aibc.database.queries import load_queries
from aibc.http.access import Caller
from aibc.progress.documents import (
    Document,
    Shape,
    dumps,
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
_write_pending = _pending_document.writer()
_decision_document = Shape(*Decision.model_fields)


@dataclass(frozen=True)
class QueuePage:
    """A page of what waits; `next_cursor` is None on the last one."""

    total_pending: int
    rows: list[Record]
    next_cursor: str | None

    def document(self) -> Document:
        """The page as the API describes it."""
        return {
            "total_pending": self.total_pending,
            "submissions": [_pending_document(row) for row in self.rows],
            "next_cursor": self.next_cursor,
        }

    def json(self) -> bytes:
        """The same as JSON, and without a dict for each submission."""
        write = _write_pending(self.rows[0]) if self.rows else None
        items = b",".join([write(row) for row in self.rows]) if write else b""
        page = (self.total_pending, items, dumps(self.next_cursor))
        return b'{"total_pending":%d,"submissions":[%b],"next_cursor":%b}' % page


async def read_pending(database: Database, caller: Caller, query: PendingQuery) -> QueuePage:
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
    total = rows[0]["total_pending"]
    if rows[0]["id"] is None:
        return QueuePage(total, [], None)
    if len(rows) <= query.limit:
        return QueuePage(total, rows, None)
    last = rows[query.limit - 1]
    cursor = encode_cursor(Cursor(last["created_at"], UUID(last["id"])))
    return QueuePage(total, rows[: query.limit], cursor)


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
