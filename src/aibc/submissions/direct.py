"""Handing in a file past the service: reserve, send to the store, finish.

The same claim, limits and keys as an upload through the service. Nothing is known of the bytes
until the learner finishes; then size, checksum and type of what really arrived decide. What is
refused stays in the store, and no row shows it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from aibc.database.errors import RuleViolation
from aibc.database.pool import Record
from aibc.database.queries import load_queries
from aibc.errors import AibcError
from aibc.http.context import AppState
from aibc.progress.documents import Document
from aibc.storage.chunks import in_blocks
from aibc.storage.store import ObjectExists, ObjectSizeMismatch, SignedUpload
from aibc.submissions.arrival import examine
from aibc.submissions.direct_links import UploadLink, UploadLinks
from aibc.submissions.errors import (
    FileAlreadySent,
    FileEmpty,
    FileNotArrived,
    HeadersAltered,
    LinkInvalid,
    SizeDiffers,
    UploadNotFound,
    UploadOver,
)
from aibc.submissions.file_names import clean_file_name, content_disposition
from aibc.submissions.file_stream import too_large
from aibc.submissions.file_types import FileType, expected_type
from aibc.submissions.idempotency import HeldKey, Repeatable, checked_key, once
from aibc.submissions.incoming import IncomingBody
from aibc.submissions.limits import limit_headers
from aibc.submissions.upload import (
    Receipt,
    StoredFile,
    UploadDesk,
    claim,
    claim_key,
    finalise,
    is_refusal,
    receipt_document,
    settled,
)

_QUERIES = load_queries(__package__, "direct.sql")
_UPLOAD = _QUERIES["direct_upload"]
_RECEIVING = _QUERIES["receiving_upload"]
_SETTLE = load_queries(__package__)["settle_upload"]
_RECEIPT = load_queries(__package__)["receipt_of_submission"]

LINK_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True)
class Announcement:
    """What a learner says of a file before sending it."""

    file_name: str
    file_size_bytes: int
    file_type: str


@dataclass(frozen=True)
class DirectDesk(UploadDesk):
    """Where direct uploads begin and end; the links of a store without address are ours."""

    links: UploadLinks
    public_url: str


def direct_desk(state: AppState) -> DirectDesk:
    """The desk of a running service."""
    return DirectDesk(
        state.database,
        state.store,
        state.settings.uploads,
        UploadLinks(state.settings.storage.link_secret),
        state.settings.server.public_url,
    )


async def reserve(
    desk: DirectDesk, user_id: UUID, resource_id: str, announced: Announcement
) -> Receipt:
    """Reserve a place and a key, and say how to send the file.

    Raises what an upload through the service raises before its bytes.
    """
    size = announced.file_size_bytes
    claimed = await claim(desk, user_id, resource_id, size, direct_for=LINK_LIFETIME)
    async with settled(desk.database, claimed["upload_id"]):
        name = clean_file_name(announced.file_name)
        file_type = expected_type(name, announced.file_type, claimed["accepted_file_types"])
        _require_size(size, min(claimed["max_file_bytes"], desk.limits.max_file_bytes))
        key = await claim_key(desk, user_id, resource_id, claimed, name, announced.file_type)
        request = await _request(desk, claimed, key, size, name, file_type)
    document: Document = {
        "upload_id": claimed["upload_id"],
        "method": request.method,
        "url": request.url,
        "headers": request.headers,
        "expires_at": _end(claimed),
    }
    return Receipt(document, limit_headers(claimed, desk.limits))


async def receive(desk: DirectDesk, upload_id: str, query: str, body: IncomingBody) -> None:
    """Store the bytes of a direct upload where the store has no web address.

    `upload_id` and `query` are the link's, as received. Raises LinkInvalid before the body is
    touched; then UploadOver, HeadersAltered, SizeDiffers and FileAlreadySent, all of which leave
    the reservation as it was.
    """
    link = desk.links.verify_signature(upload_id, query)
    upload = await desk.database.fetch_row(_RECEIVING, link.upload_id)
    if upload is None or upload["moment"] >= link.expires_at:
        raise LinkInvalid
    try:
        await _store(desk, upload, link, body)
    except AibcError:
        await body.discard()
        raise


async def finish(
    desk: DirectDesk,
    user_id: UUID,
    upload_id: UUID,
    notes: str | None,
    keys: Sequence[str] = (),
) -> Document:
    """Make a submission of what arrived; called again, it answers the same submission.

    With one of `keys`, the request's Idempotency-Key headers, the very same answer. Raises
    UploadNotFound, UploadOver, FileNotArrived, RuleViolation, SizeDiffers and TypeNotAccepted, any
    IdempotencyError; after RuleViolation, SizeDiffers and TypeNotAccepted the upload is over.
    """
    key = checked_key(keys)
    if key is None:
        return await _finish(desk, user_id, upload_id, notes, None)
    said = hashlib.sha256((notes or "").encode()).hexdigest()
    return await once(
        desk.database,
        Repeatable(user_id, "finalize", key, f"{upload_id} {said}", upload_id),
        partial(_finish, desk, user_id, upload_id, notes),
        retell=receipt_document,
    )


async def _finish(
    desk: DirectDesk, user_id: UUID, upload_id: UUID, notes: str | None, held: HeldKey | None
) -> Document:
    upload = await desk.database.fetch_row(_UPLOAD, upload_id, user_id)
    if upload is None:
        raise UploadNotFound
    if upload["state"] == "finalised":
        return await _told_again(desk, upload["submission_id"], held)
    if upload["state"] != "claimed":
        raise UploadOver
    async with _settled_if_hopeless(desk, upload_id):
        file = await _examined(desk, upload, notes)
        return await finalise(desk, user_id, upload_id, file, held)


async def _told_again(desk: DirectDesk, submission_id: UUID, held: HeldKey | None) -> Document:
    submission = await desk.database.fetch_row(_RECEIPT, submission_id)
    assert submission is not None  # noqa: S101  # rows of submissions are never deleted
    document = receipt_document(submission)
    if held:
        async with desk.database.connection() as connection:
            await held.keep(connection, document)
    return document


async def _request(
    desk: DirectDesk, claimed: Record, key: str, size: int, name: str, file_type: FileType
) -> SignedUpload:
    request = await desk.store.signed_upload(
        key,
        size=size,
        content_type=file_type.media_type,
        content_disposition=content_disposition(name),
        expires_in=LINK_LIFETIME,
    )
    if request is not None:
        return request
    link = desk.links.sign(
        claimed["upload_id"],
        size=size,
        media_type=file_type.media_type,
        expires_at=_end(claimed),
    )
    headers = {"Content-Type": file_type.media_type}
    return SignedUpload("PUT", desk.public_url + link.path, headers)


def _end(claimed: Record) -> datetime:
    moment: datetime = claimed["claimed_at"] + LINK_LIFETIME
    return moment.astimezone(UTC).replace(microsecond=0)


def _require_size(size: int, max_bytes: int) -> None:
    if size == 0:
        raise FileEmpty
    if size > max_bytes:
        raise too_large(max_bytes)


async def _store(desk: DirectDesk, upload: Record, link: UploadLink, body: IncomingBody) -> None:
    if upload["state"] != "claimed" or upload["object_key"] is None:
        raise UploadOver
    if body.content_type != link.media_type:
        raise HeadersAltered
    if body.announced_bytes not in (None, link.size):
        raise SizeDiffers
    try:
        await desk.store.put(
            upload["object_key"],
            in_blocks(_bounded(body, link.size)),
            content_type=link.media_type,
            content_disposition=content_disposition(upload["file_name"]),
            expected_size=link.size,
        )
    except ObjectExists:
        raise FileAlreadySent from None
    except ObjectSizeMismatch:
        raise SizeDiffers from None


async def _bounded(body: IncomingBody, size: int) -> AsyncIterator[bytes]:
    async for chunk in body:
        size -= len(chunk)
        if size < 0:
            raise SizeDiffers
        yield chunk


async def _examined(desk: DirectDesk, upload: Record, notes: str | None) -> StoredFile:
    accepted, key, size = (
        upload["accepted_file_types"],
        upload["object_key"],
        upload["reserved_bytes"],
    )
    file_type = expected_type(upload["file_name"], upload["declared_type"], accepted)
    arrived = await examine(desk.store, key, size, file_type, accepted)
    return StoredFile(key, size, arrived.crc32c, arrived.sha256, file_type.media_type, notes)


@asynccontextmanager
async def _settled_if_hopeless(desk: DirectDesk, upload_id: UUID) -> AsyncIterator[None]:
    """Settle the claim where asking again cannot end otherwise; else it can be finished later."""
    try:
        yield
    except FileNotArrived:
        raise
    except AibcError as failure:
        if is_refusal(failure):
            state = "refused"
        elif isinstance(failure, RuleViolation):
            state = "abandoned"
        else:
            raise
        with suppress(AibcError):  # the sweep settles it later
            await asyncio.shield(desk.database.execute(_SETTLE, upload_id, state, failure.code))
        raise
