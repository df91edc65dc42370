"""One object on its way into a bucket: created once, whole, or not at all.

What fits into one part is one conditional PUT. Anything longer is a resumable upload, whose
session carries the condition: parts are sent one after another, and after a part without an
answer the server is asked how far it got. After the last answer was lost, the object itself says
who wrote it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from uuid import uuid4

import structlog

from aibc.storage.google.attempts import Attempts, limited
from aibc.storage.google.client import BucketClient
from aibc.storage.google.errors import ObjectDamaged, Transient
from aibc.storage.google.objects import WRITER_HEADER, describe, place_of
from aibc.storage.google.parts import Part
from aibc.storage.google.transport import Answer, Body
from aibc.storage.hashing import Fingerprint
from aibc.storage.store import ObjectExists, ObjectMissing, StorageUnavailable

log = structlog.get_logger("aibc.storage")

_RESUME_INCOMPLETE = 308
_REACHED = re.compile(r"bytes=0-(\d+)")


class BucketUpload:
    """Send the parts in order; after the last one, `confirm`. If anything fails, `abandon`."""

    def __init__(self, client: BucketClient, key: str, headers: Mapping[str, str]) -> None:
        self._client = client
        self._key = key
        self._writer = uuid4().hex
        self._headers = {
            **headers,
            "x-goog-if-generation-match": "0",
            WRITER_HEADER: self._writer,
        }
        self._session = ""
        self._taken = 0  # bytes of parts that were sent before
        self._reached = 0  # bytes the server says it has
        self._is_created = False
        self._running: asyncio.Task[Answer] | None = None

    async def send(self, part: Part, so_far: Fingerprint) -> None:
        """Send the next part; `so_far` counts it already.

        Raises ObjectExists when the key is taken, and StorageUnavailable within 30 seconds of
        trouble.
        """
        async with limited():
            if part.is_last and not self._taken:
                await self._send_whole(part, so_far)
            else:
                await self._send_part(part, so_far)
        self._taken += part.size

    async def confirm(self, sent: Fingerprint) -> None:
        """Compare what stands in the bucket with what was sent. Raises ObjectDamaged."""
        found = await describe(self._client, self._key)
        if (found.writer, found.size, found.crc32c) != (self._writer, sent.size, sent.crc32c):
            log.error("object_damaged", place=place_of(self._key), generation=found.generation)
            raise ObjectDamaged

    async def abandon(self) -> None:
        """Leave nothing visible, as far as the store and our rights let us."""
        if self._running is not None and not self._running.done():
            await asyncio.wait({self._running})
        with suppress(StorageUnavailable, ObjectMissing):
            if self._session:
                await self._client.request("DELETE", self._session)
        with suppress(StorageUnavailable, ObjectMissing):
            if await self._is_ours():
                await self._client.request("DELETE", self._client.url(self._key))

    async def _send_whole(self, part: Part, fingerprint: Fingerprint) -> None:
        headers = {**self._headers, "x-goog-hash": f"crc32c={fingerprint.crc32c}"}
        async for _ in Attempts():
            with suppress(Transient):
                answer = await self._request(
                    "PUT", self._client.url(self._key), headers, part.blocks, part.size
                )
                await self._require_created(answer)
                return

    async def _begin(self) -> None:
        headers = {**self._headers, "x-goog-resumable": "start"}
        # A repeated start makes a second session, never a second object.
        answer = await self._client.patiently("POST", self._client.url(self._key), headers)
        if answer.status == HTTPStatus.PRECONDITION_FAILED:
            raise ObjectExists
        self._session = answer.headers["location"]

    async def _send_part(self, part: Part, so_far: Fingerprint) -> None:
        if not self._session:
            await self._begin()
        async for attempt in Attempts():
            with suppress(Transient):
                if attempt:
                    await self._note(await self._ask())
                if not self._has(part):
                    await self._note(await self._put_rest(part, so_far))
                if self._has(part):
                    return

    def _has(self, part: Part) -> bool:
        """Whether the server has the part; the last one only once the object stands."""
        if part.is_last:
            return self._is_created
        return self._reached == self._taken + part.size

    async def _put_rest(self, part: Part, so_far: Fingerprint) -> Answer:
        end = self._taken + part.size
        total = str(end) if part.is_last else "*"
        headers = {"Content-Range": f"bytes {self._reached}-{end - 1}/{total}"}
        if part.is_last:
            headers["x-goog-hash"] = f"crc32c={so_far.crc32c}"
        blocks = part.after(self._reached - self._taken)
        return await self._request("PUT", self._session, headers, blocks, end - self._reached)

    async def _ask(self) -> Answer:
        try:
            return await self._request("PUT", self._session, {"Content-Range": "bytes */*"}, (), 0)
        except ObjectMissing:
            # A session that is over is forgotten after a while, whether or not it was successful.
            if await self._is_ours():
                return Answer(HTTPStatus.OK, {})
            raise StorageUnavailable from None

    async def _note(self, answer: Answer) -> None:
        """Take in how far the server got. Raises ObjectExists, and StorageUnavailable."""
        if answer.status == _RESUME_INCOMPLETE:
            reached = _REACHED.fullmatch(answer.headers.get("range", ""))
            self._reached = int(reached[1]) + 1 if reached else 0
        else:
            await self._require_created(answer)
        if self._reached < self._taken:
            # It has lost what it had confirmed; those bytes are no longer here.
            raise StorageUnavailable

    async def _require_created(self, answer: Answer) -> None:
        if answer.status == HTTPStatus.PRECONDITION_FAILED and not await self._is_ours():
            raise ObjectExists
        self._is_created = True

    async def _is_ours(self) -> bool:
        """Whether the object stands, written by this upload: by an answer that got lost, say."""
        try:
            return (await describe(self._client, self._key)).writer == self._writer
        except ObjectMissing:
            return False

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: Body, size: int
    ) -> Answer:
        # Who is cancelled meanwhile has to know how it ended: `abandon` waits for it.
        self._running = asyncio.create_task(
            self._client.request(method, url, headers, body, size=size)
        )
        self._running.add_done_callback(_forget_failure)
        return await asyncio.shield(self._running)


def _forget_failure(task: asyncio.Task[Answer]) -> None:
    """Whoever still waits for it raises it."""
    if not task.cancelled():
        task.exception()
