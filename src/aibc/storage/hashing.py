"""Size, CRC32C and SHA-256 of a stream, counted while its bytes pass through."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator

import google_crc32c

THREAD_THRESHOLD = 64 * 1024


def encode_crc32c(value: int) -> str:
    """Write a checksum as Google Cloud Storage does: base64 of four big-endian bytes."""
    return base64.b64encode(value.to_bytes(4, "big")).decode("ascii")


class HashingStream:
    """Passes chunks on unchanged and knows, at any moment, what has passed.

    Chunks of 64 KiB and more are hashed in a thread: SHA-256 releases the interpreter lock there,
    so other requests go on. A smaller chunk costs less than the way to a thread.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self.size = 0
        self._chunks = chunks
        self._crc32c = 0
        self._sha256 = hashlib.sha256()

    @property
    def crc32c(self) -> str:
        """The checksum so far, in the form of `encode_crc32c`."""
        return encode_crc32c(self._crc32c)

    @property
    def sha256(self) -> str:
        """The digest so far: 64 lower-case hexadecimal digits."""
        return self._sha256.hexdigest()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pass_through()

    async def _pass_through(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            if len(chunk) >= THREAD_THRESHOLD:
                await asyncio.to_thread(self._count, chunk)
            else:
                self._count(chunk)
            yield chunk

    def _count(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        self._crc32c = google_crc32c.extend(self._crc32c, chunk)
        self.size += len(chunk)
