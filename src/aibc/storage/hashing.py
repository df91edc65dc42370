"""Size, CRC32C and SHA-256 of bytes, counted while they pass."""

from __future__ import annotations

import base64
import hashlib

import google_crc32c


def crc32c_text(value: int) -> str:
    """Base64 of four big-endian bytes, as Google Cloud Storage writes a CRC32C."""
    return base64.b64encode(value.to_bytes(4, "big")).decode("ascii")


class Fingerprint:
    """What has been counted so far; `update` blocks for as long as hashing takes."""

    def __init__(self) -> None:
        self.size = 0
        self._crc32c = 0
        self._sha256 = hashlib.sha256()

    @property
    def crc32c(self) -> str:
        """Base64 of four big-endian bytes, as Google Cloud Storage writes it."""
        return crc32c_text(self._crc32c)

    @property
    def sha256(self) -> str:
        """64 lower-case hexadecimal digits."""
        return self._sha256.hexdigest()

    def update(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        self._crc32c = google_crc32c.extend(self._crc32c, chunk)
        self.size += len(chunk)
