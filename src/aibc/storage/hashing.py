"""Size, CRC32C and SHA-256 of bytes, counted while they pass."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator

import google_crc32c

THREAD_THRESHOLD = 64 * 1024


class Fingerprint:
    """What has been counted so far; `update` blocks for as long as hashing takes."""

    def __init__(self) -> None:
        self.size = 0
        self._crc32c = 0
        self._sha256 = hashlib.sha256()

    @property
    def crc32c(self) -> str:
        """Base64 of four big-endian bytes, as Google Cloud Storage writes it."""
        return base64.b64encode(self._crc32c.to_bytes(4, "big")).decode("ascii")

    @property
    def sha256(self) -> str:
        """64 lower-case hexadecimal digits."""
        return self._sha256.hexdigest()

    def update(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        self._crc32c = google_crc32c.extend(self._crc32c, chunk)
        self.size += len(chunk)


class HashingStream:
    """Passes chunks on unchanged and keeps the fingerprint of what has passed.

    Chunks of 64 KiB and more are hashed in a thread: SHA-256 releases the interpreter lock there,
    so other requests go on. A smaller chunk costs less than the way to a thread.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self.fingerprint = Fingerprint()
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            if len(chunk) >= THREAD_THRESHOLD:
                await asyncio.to_thread(self.fingerprint.update, chunk)
            else:
                self.fingerprint.update(chunk)
            yield chunk
