"""What learners may do with what they handed in: list it, fetch it, take it back."""

from __future__ import annotations

from uuid import UUID

from aibc.accounts.actors import Actor
from aibc.catalog.errors import ResourceNotFound
from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries
from aibc.http.context import AppState
from aibc.progress.documents import Document, submission_document
from aibc.submissions.errors import SubmissionNotFound
from aibc.submissions.file_names import content_disposition
from aibc.submissions.links import MAX_LIFETIME, DownloadLinks

_QUERIES = load_queries(__package__)
_OWN = _QUERIES["own_submissions"]
_ALL_OWN = _QUERIES["all_own_submissions"]
_UPLOADS_LEFT = _QUERIES["uploads_left"]
_DOWNLOADABLE = _QUERIES["downloadable_submission"]
_LINKED_FILE = _QUERIES["linked_file"]
_WITHDRAW = _QUERIES["withdraw_submission"]


async def list_own(database: Database, actor: Actor, resource_id: str) -> list[Document]:
    """The caller's files for a resource, newest first. Raises ResourceNotFound."""
    rows = await database.fetch(_OWN, actor.user_id, resource_id)
    if not rows:
        raise ResourceNotFound
    return [submission_document(row) for row in rows if row["id"] is not None]


async def list_all_own(database: Database, actor: Actor, offset: int, limit: int) -> list[Record]:
    """Everything the caller handed in and did not withdraw, newest first."""
    return await database.fetch(_ALL_OWN, actor.user_id, limit, offset)


async def uploads_left(database: Database, actor: Actor, uploads_per_hour: int) -> int:
    """How many more files the caller may hand in within this hour."""
    left: int = await database.fetch_value(_UPLOADS_LEFT, actor.user_id, uploads_per_hour)
    return left


async def make_download(state: AppState, actor: Actor, submission_id: UUID) -> Document:
    """A link to the file, for its owner and for staff. Raises SubmissionNotFound to all others."""
    row = await state.database.fetch_row(
        _DOWNLOADABLE, submission_id, actor.user_id, actor.is_staff
    )
    if row is None:
        raise SubmissionNotFound
    link = _links(state).sign(submission_id, actor.user_id, now=row["moment"])
    url = await state.store.signed_download(
        row["object_key"],
        content_disposition=content_disposition(row["file_name"]),
        expires_in=MAX_LIFETIME,
    )
    return {
        "submission_id": submission_id,
        "file_name": row["file_name"],
        "signed_url": url or state.settings.server.public_url + link.path,
        "expires_at": link.expires_at,
    }


async def withdraw(database: Database, actor: Actor, submission_id: UUID) -> Document:
    """Take back a file that waits for review. Raises RuleViolation."""
    deleted_at = await database.fetch_value(_WITHDRAW, actor.user_id, submission_id)
    return {"submission_id": submission_id, "deleted": True, "deleted_at": deleted_at}


async def find_linked_file(state: AppState, submission_id: str, query: str) -> Record:
    """What a link leads to, given its path segment and query as they were sent.

    Raises LinkInvalid, and SubmissionNotFound where its user may not see the file any more.
    """
    link = _links(state).verify_signature(submission_id, query)
    (row,) = await state.database.fetch(_LINKED_FILE, link.submission_id, link.user_id)
    link.require_alive(row["moment"])
    if row["object_key"] is None:
        raise SubmissionNotFound
    return row


def _links(state: AppState) -> DownloadLinks:
    return DownloadLinks(state.settings.storage.link_secret)
