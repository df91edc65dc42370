"""Requests that may be repeated without being done twice, by the key that their client sends.

While the first one runs, a repeat is told so; afterwards it is told what the first one was told.
A request that changed nothing gives its key back, and one that died lets go of it by falling
silent: only a running request renews its lease.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

from aibc.database.pool import Connection, Database, Record
from aibc.database.queries import load_queries
from aibc.errors import AibcError
from aibc.progress.documents import Document, dumps
from aibc.submissions.errors import (
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    KeptRefusal,
    RequestInProgress,
)

_QUERIES = load_queries(__package__, "idempotency.sql")
_TAKE = _QUERIES["take_key"]
_NAME_UPLOAD = _QUERIES["name_upload"]
_RENEW = _QUERIES["renew_lease"]
_KEEP = _QUERIES["keep_answer"]
_RELEASE = _QUERIES["release_key"]
_SUBMISSION = load_queries(__package__)["receipt_of_submission"]

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
LEASE = timedelta(seconds=30)
RENEWAL_SECONDS = 10.0
_KEY = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True)
class Repeatable:
    """A request with a key; `target` is what is known of it before its body is read."""

    user_id: UUID
    route: str
    key: str
    target: str
    upload_id: UUID | None = None


@dataclass
class HeldKey:
    """The key while its first request runs."""

    database: Database
    request: Repeatable
    holder: UUID = field(default_factory=uuid4)
    digest: str | None = None

    @property
    def _key(self) -> tuple[UUID, str, str, UUID]:
        request = self.request
        return request.user_id, request.route, request.key, self.holder

    async def name_upload(self, upload_id: UUID) -> None:
        """Say which upload the request claimed. Raises RequestInProgress when it came too late."""
        if not await self.database.fetch_value(_NAME_UPLOAD, *self._key, upload_id):
            raise RequestInProgress

    async def keep(self, connection: Connection, answer: Document) -> None:
        """Keep the answer, in the transaction that makes it true."""
        await connection.execute(_KEEP, *self._key, 200, _as_said(answer), self.digest)

    async def release(self, failure: BaseException) -> None:
        """Give the key back; if a file was refused, its refusal is kept as the answer."""
        status, refusal = None, None
        if isinstance(failure, AibcError):
            status = failure.status
            refusal = {"code": failure.code, "detail": failure.detail, "errors": failure.errors}
        await self.database.execute(_RELEASE, *self._key, status, refusal, self.digest)

    async def renew(self) -> None:
        """Tell every few seconds that the request runs."""
        while True:
            await asyncio.sleep(RENEWAL_SECONDS)
            with suppress(AibcError):  # the database may be away for a moment
                await self.database.execute(_RENEW, *self._key, LEASE)


def checked_key(sent: Sequence[str]) -> str | None:
    """The key of a request, given its headers of that name. Raises IdempotencyKeyInvalid."""
    if not sent:
        return None
    if len(sent) > 1 or not _KEY.fullmatch(sent[0]):
        raise IdempotencyKeyInvalid
    return sent[0]


async def once(
    database: Database,
    request: Repeatable,
    run: Callable[[HeldKey], Awaitable[Document]],
    *,
    retell: Callable[[Record], Document],
    is_same: Callable[[str], Awaitable[bool]] | None = None,
) -> Document:
    """Run the request, or say what its first run said.

    `retell` makes the answer anew of a submission whose request died before it answered. `is_same`
    compares a repeat with the digest of the first. Raises IdempotencyKeyReused, RequestInProgress,
    KeptRefusal, and what `run` raises.
    """
    held = HeldKey(database, request)
    (found,) = await database.fetch(
        _TAKE,
        request.user_id,
        request.route,
        request.key,
        request.target,
        held.holder,
        request.upload_id,
        LEASE,
        KEPT_FOR,
    )
    if found["standing"] == "taken":
        async with _running(held):
            return await run(held)
    if found["standing"] == "running":
        raise RequestInProgress
    if found["standing"] == "finished":
        row = await database.fetch_row(_SUBMISSION, found["submission_id"])
        assert row is not None  # noqa: S101  # rows of submissions are never deleted
        return retell(row)
    digest = found["digest"]
    if found["standing"] == "differs" or (digest and is_same and not await is_same(digest)):
        raise IdempotencyKeyReused
    answer: Document = found["answer"]
    if found["answer_status"] != 200:
        raise KeptRefusal(found["answer_status"], answer)
    return answer


@asynccontextmanager
async def _running(held: HeldKey) -> AsyncIterator[None]:
    renewing = asyncio.create_task(held.renew())
    try:
        yield
    except BaseException as failure:
        with suppress(AibcError):  # its lease ends by itself
            await asyncio.shield(held.release(failure))
        raise
    finally:
        renewing.cancel()


def _as_said(answer: Document) -> Any:
    """The document as its JSON says it: with dates and ids as text."""
    return orjson.loads(dumps(answer))
