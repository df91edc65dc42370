"""Join a stream of bytes into blocks worth a disk write and the way to a thread."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

BLOCK_SIZE = 256 * 1024
MAX_PIECES = 1024


async def in_blocks(
    chunks: AsyncIterator[bytes], block_size: int = BLOCK_SIZE
) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes in blocks of at least `block_size`, the last one shorter; none empty.

    Servers hand over bodies in pieces of 1 byte to some MiB: large ones pass uncopied, small ones
    are joined, at most MAX_PIECES at a time because thousands of tiny objects weigh more than the
    bytes in them. Held at most: one block and one piece.
    """
    pending: list[bytes] = []
    size = 0
    async for chunk in chunks:
        pending.append(chunk)
        size += len(chunk)
        if size and (size >= block_size or len(pending) == MAX_PIECES):
            block = b"".join(pending)
            pending, size = [], 0  # before others work on the block: it holds the same bytes
            yield block
    if size:
        yield b"".join(pending)
