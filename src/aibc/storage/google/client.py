"""The objects of one bucket, request by request, with rights and with patience."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

import structlog

from aibc.storage.google.attempts import Attempts, limited
from aibc.storage.google.credentials import Identity
from aibc.storage.google.errors import StorageRefused, Transient, refusal_code, require_success
from aibc.storage.google.transport import Answer, Body, NoAnswer, Transport

log = structlog.get_logger("aibc.storage")

# Objects are fetched as they are stored; without this, Google unpacks some of them.
AS_STORED = {"Accept-Encoding": "gzip"}
# How Google confirms that a resumable upload is given up.
_UPLOAD_CANCELLED = 499


@dataclass(frozen=True)
class BucketClient:
    """Sends requests to the bucket at `endpoint` as `identity`."""

    transport: Transport
    identity: Identity
    endpoint: str
    bucket: str

    def url(self, key: str = "") -> str:
        return f"{self.endpoint}/{self.bucket}/{quote(key, safe='/~')}"

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: Body = (),
        *,
        size: int = 0,
    ) -> Answer:
        """Send one request, once. Raises Transient, StorageRefused, ObjectMissing.

        Answers below 400 and 412 come back: that a condition does not hold is no fault.
        """
        sent = {**await self.authorization(), "Content-Length": str(size), **(headers or {})}
        try:
            answer = await self.transport.request(method, url, sent, body)
        except NoAnswer as error:
            raise Transient from error
        return self.accept(answer)

    async def patiently(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request that may be repeated, until it is answered.

        Raises StorageUnavailable when patience ends, StorageRefused, ObjectMissing.
        """
        async with limited():
            async for _ in Attempts():
                with suppress(Transient):
                    return await self.request(method, url, headers, [body], size=len(body))
        raise AssertionError("unreachable: attempts end by raising")

    async def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self.identity.token()}"}

    def accept(self, answer: Answer) -> Answer:
        """Return the answer, or raise what it means; rights that are missing get logged."""
        if answer.status in (HTTPStatus.PRECONDITION_FAILED, _UPLOAD_CANCELLED):
            return answer
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self.identity.forget_token()
        try:
            return require_success(answer)
        except StorageRefused:
            log.error("storage_refused", status=answer.status, reason=refusal_code(answer))
            raise
