"""What a bucket tells of an object, and the object's bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from urllib.parse import quote

import google_crc32c
import orjson
import structlog

from aibc.storage.chunks import BLOCK_SIZE
from aibc.storage.google.attempts import Attempts
from aibc.storage.google.client import AS_STORED, BucketClient
from aibc.storage.google.errors import Transient
from aibc.storage.google.transport import Answer, NoAnswer
from aibc.storage.hashing import crc32c_text
from aibc.storage.store import ObjectInfo, StorageUnavailable

log = structlog.get_logger("aibc.storage")

# Marks who wrote an object: after a lost answer, "it exists" may mean "you made it".
WRITER_HEADER = "x-goog-meta-writer"


def place_of(key: str) -> str:
    """Where an object lies, without its name, which its learner chose: logs keep none of that."""
    return key.rpartition("/")[0]


@dataclass(frozen=True)
class Description:
    """`size` in bytes as stored; `encoding` is empty unless the writer declared a compression."""

    size: int
    crc32c: str
    generation: str
    encoding: str
    writer: str


async def describe(client: BucketClient, key: str) -> Description:
    """Ask for the object's description. Raises ObjectMissing and StorageUnavailable."""
    answer = await client.patiently("HEAD", client.url(key), AS_STORED)
    return _description(answer)


def _description(answer: Answer) -> Description:
    headers = answer.headers
    hashes = dict(
        part.strip().split("=", 1) for part in headers.get("x-goog-hash", "").split(",") if part
    )
    encoding = headers.get("x-goog-stored-content-encoding", "identity")
    return Description(
        size=int(headers["x-goog-stored-content-length"]),
        crc32c=hashes["crc32c"],
        generation=headers["x-goog-generation"],
        encoding="" if encoding == "identity" else encoding,
        writer=headers.get(WRITER_HEADER, ""),
    )


async def list_objects(client: BucketClient) -> AsyncIterator[ObjectInfo]:
    """Go through all objects, a thousand at a time. Raises StorageUnavailable."""
    fields = "fields=items(name,size,crc32c,contentEncoding),nextPageToken"
    url = f"{client.endpoint}/storage/v1/b/{client.bucket}/o?{fields}"
    page_token = ""
    while True:
        answer = await client.patiently("GET", f"{url}&pageToken={quote(page_token, safe='')}")
        page = orjson.loads(answer.body)
        for item in page.get("items", ()):
            encoding = item.get("contentEncoding", "")
            yield ObjectInfo(item["name"], int(item["size"]), item["crc32c"], encoding)
        page_token = page.get("nextPageToken", "")
        if not page_token:
            return


class ObjectReader:
    """Reads the bytes from `start` up to but not including `end` of one generation of an object.

    A stream that breaks is taken up where it broke; of a whole object the checksum is compared.
    """

    def __init__(
        self, client: BucketClient, key: str, described: Description, start: int, end: int
    ) -> None:
        self._client = client
        self._key = key
        self._described = described
        self._position = start
        self._end = end
        self._crc32c = 0
        self._is_whole = (start, end) == (0, described.size)

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """Raises StorageUnavailable when the store cannot deliver, whatever came before."""
        while self._position < self._end:
            reached = self._position
            async for _ in Attempts():
                async with aclosing(self._stream()) as blocks:
                    with suppress(Transient):
                        async for block in blocks:
                            yield block
                if self._position > reached:
                    break
        if self._is_whole and crc32c_text(self._crc32c) != self._described.crc32c:
            log.error(
                "object_damaged", place=place_of(self._key), generation=self._described.generation
            )
            raise StorageUnavailable("The file in the storage is damaged; please tell an operator.")

    async def _stream(self) -> AsyncGenerator[bytes, None]:
        headers = {
            **AS_STORED,
            **await self._client.authorization(),
            "Range": f"bytes={self._position}-{self._end - 1}",
        }
        url = f"{self._client.url(self._key)}?generation={self._described.generation}"
        try:
            async with self._client.transport.stream(url, headers) as (answer, pieces):
                self._client.accept(answer)
                async for piece in pieces(BLOCK_SIZE):
                    block = piece[: self._end - self._position]
                    self._position += len(block)
                    self._crc32c = google_crc32c.extend(self._crc32c, block)
                    yield block
        except NoAnswer as error:
            raise Transient from error
