"""Cut a stream of bytes into blocks worth a disk write or a trip to a thread."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

BLOCK_SIZE = 256 * 1024


async def in_blocks(
    chunks: AsyncIterator[bytes], block_size: int = BLOCK_SIZE
) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes in blocks of `block_size`, the last one shorter; never an empty one.

    Servers hand over bodies in pieces of 1 byte to some MiB; at most one such piece and one block
    are held at a time.
    """
    pending = bytearray()
    async for chunk in chunks:
        if not pending and len(chunk) == block_size:
            yield chunk
            continue
        view = memoryview(chunk)
        while len(view):
            room = block_size - len(pending)
            pending += view[:room]
            view = view[room:]
            if len(pending) == block_size:
                yield bytes(pending)
                pending.clear()
    if pending:
        yield bytes(pending)
