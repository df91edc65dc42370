"""Cut a stream into parts of one size, the last one shorter and known as the last."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from aibc.storage.chunks import in_blocks


@dataclass(frozen=True)
class Part:
    """Blocks that belong together; the bytes stay where they came in."""

    blocks: list[memoryview]
    size: int
    is_last: bool

    def after(self, offset: int) -> list[memoryview]:
        """The blocks without their first `offset` bytes."""
        rest = []
        for block in self.blocks:
            if offset < len(block):
                rest.append(block[offset:])
            offset = max(0, offset - len(block))
        return rest


async def in_parts(chunks: AsyncIterator[bytes], part_size: int) -> AsyncGenerator[Part, None]:
    """Yield the same bytes in parts of exactly `part_size`, then the last part, at most as large.

    An empty stream is one empty last part. Held at most: one part and one chunk.
    """
    blocks: list[memoryview] = []
    size = 0
    async with aclosing(in_blocks(chunks)) as joined:
        async for chunk in joined:
            view = memoryview(chunk)
            while view:
                # Only now is it certain that the full part is not the last.
                if size == part_size:
                    yield Part(blocks, size, is_last=False)
                    blocks, size = [], 0
                taken = view[: part_size - size]
                blocks.append(taken)
                size += len(taken)
                view = view[len(taken) :]
    yield Part(blocks, size, is_last=True)
