"""Handing in a file: claim, store, finalise.

1. claim: one short transaction asks whether this learner may hand in here now, and reserves a
   place within their limits.
2. store: the file's name claims a key of its own, and the bytes stream to the store, checked while
   they pass. No connection, lock or transaction is held meanwhile.
3. finalise: one transaction asks again and makes the submission.

Whatever goes wrong, the claim is settled and nothing is visible; what a crash leaves is settled by
the sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from aibc.database.errors import DatabaseUnavailable
from aibc.database.pool import Connection, Database, Record
from aibc.database.queries import load_queries
from aibc.errors import AibcError
from aibc.progress.documents import Document
from aibc.settings import UploadSettings
from aibc.storage.chunks import in_blocks
from aibc.storage.store import ObjectStore
from aibc.submissions.errors import KeysTaken, SubmissionError, UploadIncomplete
from aibc.submissions.file_names import (
    clean_file_name,
    content_disposition,
    numbered,
    object_key,
    safe_name,
)
from aibc.submissions.file_stream import checked, too_large
from aibc.submissions.file_types import expected_type
from aibc.submissions.form_digest import digest_of_form, digest_of_part, is_same_form
from aibc.submissions.idempotency import HeldKey, Repeatable, checked_key, once
from aibc.submissions.incoming import IncomingBody
from aibc.submissions.limits import limit_headers, limit_reached
from aibc.submissions.multipart import UploadForm
from aibc.submissions.type_sniffer import TypeSniffer

_QUERIES = load_queries(__package__)
_CLAIM = _QUERIES["claim_upload"]
_CLAIM_KEY = _QUERIES["claim_object_key"]
_FINALISE = _QUERIES["finalise_upload"]
_SETTLE = _QUERIES["settle_upload"]

# Room beside the file for boundaries, part headers, notes and small fields.
FORM_OVERHEAD_BYTES = 128 * 1024
# Each block is a trip to a thread, and two are held: one is written while the next comes in.
BLOCK_BYTES = 512 * 1024
MAX_NAMESAKES = 50
# After the last byte may have come: time to store and finalise before a sweep may step in.
SETTLING_TIME = timedelta(minutes=5)
FINALISE_PAUSES = (0.2, 1.0, 3.0)


@dataclass(frozen=True)
class UploadDesk:
    """Where files are handed in."""

    database: Database
    store: ObjectStore
    limits: UploadSettings


@dataclass(frozen=True)
class Receipt:
    """What the learner is told, and the headers that go with it."""

    document: Document
    headers: dict[str, str]


@dataclass(frozen=True)
class StoredFile:
    """A file that is safe in the store; `sha256` is None where its bytes went another way."""

    key: str
    size: int
    crc32c: str
    sha256: str | None
    media_type: str
    notes: str | None


async def hand_in(
    desk: UploadDesk,
    user_id: UUID,
    resource_id: str,
    body: IncomingBody,
    keys: Sequence[str] = (),
    form: UploadForm | None = None,
) -> Receipt:
    """Take one file for one resource; `keys` are the request's Idempotency-Key headers.

    `form` is the body's where a page has begun to read it already; then there are no keys.

    Raises RuleViolation where the learner may not hand in here now, UploadLimitReached, any
    SubmissionError of the form and the file, any IdempotencyError, and StorageUnavailable.
    """
    headers: dict[str, str] = {}

    async def run(held: HeldKey | None = None) -> Document:
        claimed = await claim(desk, user_id, resource_id, body.announced_bytes)
        headers.update(limit_headers(claimed, desk.limits))
        async with settled(desk.database, claimed["upload_id"]):
            if held:
                await held.name_upload(claimed["upload_id"])
            file = await _store(desk, user_id, resource_id, claimed, body, held, form)
            return await finalise(desk, user_id, claimed["upload_id"], file, held)

    try:
        key = checked_key(keys)
        if key is None:
            return Receipt(await run(), headers)
        document = await once(
            desk.database,
            Repeatable(user_id, "upload", key, resource_id),
            run,
            retell=receipt_document,
            is_same=partial(is_same_form, body),
        )
    except AibcError:
        await body.discard()
        raise
    await body.discard()  # of a repeat; the first one's is over
    return Receipt(document, headers)


async def claim(
    desk: UploadDesk,
    user_id: UUID,
    resource_id: str,
    announced_bytes: int | None,
    *,
    direct_for: timedelta | None = None,
) -> Record:
    """Reserve a place within the learner's limits; `direct_for`: the bytes come another way.

    Raises RuleViolation where the learner may not hand in here now, and UploadLimitReached.
    """
    limits = desk.limits
    arrival = direct_for or timedelta(seconds=limits.body_total_seconds)
    (claimed,) = await desk.database.fetch(
        _CLAIM,
        user_id,
        resource_id,
        "multipart" if direct_for is None else "direct",
        announced_bytes,
        limits.uploads_per_hour,
        limits.bytes_per_day,
        limits.refusals_per_hour,
        arrival + SETTLING_TIME,
    )
    if claimed["refusal_code"] is not None:
        raise limit_reached(claimed, limits)
    return claimed


@asynccontextmanager
async def settled(database: Database, upload_id: UUID) -> AsyncIterator[None]:
    """Settle the claim when the block fails: as refused for a bad file, else as abandoned."""
    try:
        yield
    except BaseException as failure:
        code = failure.code if isinstance(failure, AibcError) else None
        state = "refused" if is_refusal(failure) else "abandoned"
        settling = database.execute(_SETTLE, upload_id, state, code)
        with suppress(AibcError):  # the sweep settles it later
            await asyncio.shield(settling)
        raise


def is_refusal(failure: BaseException) -> bool:
    """Whether the learner's file was at fault, not its way here."""
    return (
        isinstance(failure, SubmissionError)
        and failure.status < 500
        and not isinstance(failure, UploadIncomplete)
    )


async def _store(
    desk: UploadDesk,
    user_id: UUID,
    resource_id: str,
    claimed: Record,
    body: IncomingBody,
    held: HeldKey | None,
    form: UploadForm | None,
) -> StoredFile:
    max_bytes = min(claimed["max_file_bytes"], desk.limits.max_file_bytes)
    if (body.announced_bytes or 0) > max_bytes + FORM_OVERHEAD_BYTES:
        raise too_large(max_bytes)
    form = form or UploadForm(body.content_type, aiter(body))
    part = await form.open_file()
    if held:
        held.digest = digest_of_part(part)
    name = clean_file_name(part.name)
    accepted = claimed["accepted_file_types"]
    file_type = expected_type(name, part.declared_type, accepted)
    key = await claim_key(desk, user_id, resource_id, claimed, name, part.declared_type)
    # Whole blocks: looking at many small pieces would cost more than reading them.
    blocks = in_blocks(form.file_chunks(), BLOCK_BYTES)
    chunks = checked(blocks, sniffer=TypeSniffer(file_type, accepted), max_bytes=max_bytes)
    stored = await desk.store.put(
        key,
        chunks,
        content_type=file_type.media_type,
        content_disposition=content_disposition(name),
    )
    if held:
        held.digest = digest_of_form(part, stored.sha256, form.notes)
    return StoredFile(
        key, stored.size, stored.crc32c, stored.sha256, file_type.media_type, form.notes
    )


async def claim_key(
    desk: UploadDesk,
    user_id: UUID,
    resource_id: str,
    claimed: Record,
    name: str,
    declared_type: str | None,
) -> str:
    """Give the upload a key that no other has. Raises KeysTaken."""
    safe = safe_name(name)
    for numbers in (range(1, 2), range(2, MAX_NAMESAKES + 1)):
        wanted = [
            object_key(
                claimed["pathway_id"],
                user_id,
                resource_id,
                claimed["claimed_at"],
                numbered(safe, number),
            )
            for number in numbers
        ]
        key: str | None = await desk.database.fetch_value(
            _CLAIM_KEY, claimed["upload_id"], name, declared_type, wanted
        )
        if key is not None:
            return key
    raise KeysTaken


async def finalise(
    desk: UploadDesk,
    user_id: UUID,
    upload_id: UUID,
    file: StoredFile,
    held: HeldKey | None = None,
) -> Document:
    """Make the submission and what its learner is told: one call, with a key one transaction.

    Asking twice is harmless, so a database that was away is asked again.
    """

    stored = (
        user_id,
        upload_id,
        file.size,
        file.media_type,
        file.sha256,
        file.crc32c,
        desk.store.name_of(file.key),
        file.notes,
    )

    async def keep(held: HeldKey, connection: Connection) -> Document:
        document = receipt_document(await connection.fetchrow(_FINALISE, *stored))
        await held.keep(connection, document)
        return document

    for pause in (*FINALISE_PAUSES, None):
        try:
            if held:
                return await desk.database.in_transaction(partial(keep, held))
            return receipt_document(
                await desk.database.fetch_row(_FINALISE, *stored, repeatable=True)
            )
        except DatabaseUnavailable:
            if pause is None:
                raise
            await asyncio.sleep(pause)
    raise AssertionError("unreachable: the last attempt returns or raises")


def receipt_document(submission: Record | None) -> Document:
    """What the learner is told of their submission, just made or asked for again."""
    assert submission is not None  # noqa: S101  # finalising returns one or raises
    return {
        "submission_id": submission["id"],
        "resource_id": submission["resource_id"],
        "attempt": submission["attempt"],
        "file_name": submission["file_name"],
        "file_size_bytes": submission["file_size_bytes"],
        "file_type": submission["file_type"],
        "sha256": submission["sha256"],
        "gcs_url": submission["gcs_url"],
        "submission_status": submission["submission_status"],
        "created_at": submission["created_at"],
        "resource_status": submission["resource_status"],
        "message": f"“{submission['file_name']}” {_standing(submission)}.",
    }


def _standing(submission: Record) -> str:
    """How a submission stands: whoever finishes an upload again may have been overtaken."""
    if submission["deleted_at"] is not None:
        return "was handed in and withdrawn since"
    if submission["submission_status"] == "uploaded":
        return "is handed in and waits for review"
    return f"was handed in and is {submission['submission_status']}"
