"""The bytes of one file on their way into the store, held to size and type."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aibc.settings import MEBIBYTE
from aibc.submissions.errors import FileEmpty, FileTooLarge
from aibc.submissions.type_sniffer import TypeSniffer


async def checked(
    chunks: AsyncIterator[bytes], *, sniffer: TypeSniffer, max_bytes: int
) -> AsyncIterator[bytes]:
    """Pass chunks on until one breaks a rule.

    Raises FileTooLarge with the first chunk beyond `max_bytes`, FileEmpty, and TypeNotAccepted;
    all of them before the store is told of the end, so it keeps nothing.
    """
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise too_large(max_bytes)
        sniffer.feed(chunk)
        yield chunk
    if size == 0:
        raise FileEmpty
    sniffer.finish()


def too_large(max_bytes: int) -> FileTooLarge:
    """The error that names the limit."""
    return FileTooLarge(
        f"The file is larger than the {max_bytes / MEBIBYTE:g} MB allowed here; "
        "please make it smaller."
    )
