"""How often, and for how long, an operation is tried again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from aibc.storage.store import StorageUnavailable

MAX_ATTEMPTS = 6
# No attempt begins later than this after the first one.
PATIENCE_SECONDS = 18.0
# The end of everything, also of an attempt that began last and stalls.
LIMIT_SECONDS = 28.0
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 4.0


class Attempts:
    """Numbers the attempts, with pauses between them that grow and are drawn at random.

    Random, so that many uploads that failed in one moment do not all come back in one moment.
    Raises StorageUnavailable when there is no further attempt.
    """

    def __init__(self, most: int = MAX_ATTEMPTS) -> None:
        self._most = most
        self._number = -1
        self._pause = FIRST_PAUSE_SECONDS
        self._deadline = monotonic() + PATIENCE_SECONDS

    def __aiter__(self) -> Attempts:
        return self

    async def __anext__(self) -> int:
        self._number += 1
        if self._number:
            await self._wait()
        return self._number

    async def _wait(self) -> None:
        wait = random.uniform(self._pause / 2, self._pause)  # noqa: S311 - it hides nothing
        if self._number == self._most or monotonic() + wait > self._deadline:
            raise StorageUnavailable
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(wait)


@asynccontextmanager
async def limited(seconds: float = LIMIT_SECONDS) -> AsyncIterator[None]:
    """Raise StorageUnavailable when the block takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise StorageUnavailable from None
