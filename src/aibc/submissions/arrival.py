"""Looks at what a direct upload left in the store, as a file is looked at that streams through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from aibc.storage.hashing import Fingerprint
from aibc.storage.store import ObjectInfo, ObjectMissing, ObjectStore
from aibc.submissions.errors import FileNotArrived, SizeDiffers
from aibc.submissions.file_types import FileType, refusal
from aibc.submissions.sample import HEAD_BYTES, TAIL_BYTES
from aibc.submissions.type_sniffer import READ_WHOLE, TypeSniffer


@dataclass(frozen=True)
class Arrived:
    """Checksums of what lies in the store; `sha256` is None where it would cost a whole read."""

    crc32c: str
    sha256: str | None


async def examine(
    store: ObjectStore, key: str, size: int, file_type: FileType, accepted: Sequence[str]
) -> Arrived:
    """Check size and type of the object. At most `size` bytes are read, and 224 KiB held.

    Raises FileNotArrived, SizeDiffers and TypeNotAccepted, and StorageUnavailable.
    """
    try:
        found = await store.head(key)
    except ObjectMissing:
        raise FileNotArrived from None
    if found.size != size:
        raise SizeDiffers
    if found.encoding:
        raise refusal("The file was sent compressed; send it as it is", accepted)
    sniffer = TypeSniffer(file_type, accepted)
    if found.crc32c is None:
        return await _read_and_count(store, found, sniffer)
    if file_type.media_type in READ_WHOLE or size <= HEAD_BYTES + TAIL_BYTES:
        await _feed(store, key, sniffer, 0, size)
    else:
        await _feed(store, key, sniffer, 0, HEAD_BYTES)
        sniffer.skip(size - HEAD_BYTES - TAIL_BYTES)
        await _feed(store, key, sniffer, size - TAIL_BYTES, size)
    sniffer.finish()
    return Arrived(found.crc32c, None)


async def _read_and_count(store: ObjectStore, found: ObjectInfo, sniffer: TypeSniffer) -> Arrived:
    """A store without checksums is a disk of our own, where reading all of it is cheap."""
    fingerprint = Fingerprint()
    chunks = cast(AsyncGenerator[bytes], await store.get(found.key))
    async with aclosing(chunks):
        async for chunk in chunks:
            sniffer.feed(chunk)
            await asyncio.to_thread(fingerprint.update, chunk)
    sniffer.finish()
    return Arrived(fingerprint.crc32c, fingerprint.sha256)


async def _feed(store: ObjectStore, key: str, sniffer: TypeSniffer, start: int, end: int) -> None:
    chunks = cast(AsyncGenerator[bytes], await store.get(key, start, end))
    async with aclosing(chunks):
        async for chunk in chunks:
            sniffer.feed(chunk)
