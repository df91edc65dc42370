"""Where a page of the queue ended, as text that clients hand back without looking inside."""

from __future__ import annotations

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAYOUT = struct.Struct(">Bq16sH")  # version, microseconds, id, checksum: 36 characters of text
_VERSION = 1


class Cursor(NamedTuple):
    """The last item seen: pages go on behind it, whatever was decided in between."""

    created_at: datetime
    submission_id: UUID


def encode_cursor(cursor: Cursor) -> str:
    """Write the cursor in URL-safe characters."""
    body = _packed(cursor, 0)
    return base64.urlsafe_b64encode(_packed(cursor, _checksum(body))).decode("ascii")


def decode_cursor(text: str) -> Cursor:
    """Read what `encode_cursor` wrote. Raises ValueError for anything else."""
    try:
        packed = base64.b64decode(text, altchars=b"-_", validate=True)
        version, microseconds, identity, _ = _LAYOUT.unpack(packed)
        created_at = _EPOCH + timedelta(microseconds=microseconds)
    except (binascii.Error, struct.error, ValueError, OverflowError):
        raise ValueError(_UNKNOWN) from None
    cursor = Cursor(created_at, UUID(bytes=identity))
    if version != _VERSION or encode_cursor(cursor) != text:
        raise ValueError(_UNKNOWN)
    return cursor


def _packed(cursor: Cursor, checksum: int) -> bytes:
    microseconds = (cursor.created_at - _EPOCH) // timedelta(microseconds=1)
    return _LAYOUT.pack(_VERSION, microseconds, cursor.submission_id.bytes, checksum)


def _checksum(body: bytes) -> int:
    """Tells a mistyped cursor from a real one; it is no secret and protects nothing."""
    return binascii.crc_hqx(body, 0)


_UNKNOWN = "is not a cursor this service gave out: take next_cursor from the page before"
