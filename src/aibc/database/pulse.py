"""Notices that the database is gone while somebody waits for it.

A statement may take long for a good reason; a network that swallows everything looks the same
from here, because nothing comes back either way. So once somebody has waited for a while, a
question that is answered at once is put on a connection of its own. Without an answer the
connections of those who wait are ended, and they learn that the database is unavailable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

# Before the question is put, and for an answer: for a request together well within two seconds.
PATIENCE_SECONDS = 0.8


class Endable(Protocol):
    """What is watched: a connection that can be ended without asking the other side."""

    def terminate(self) -> None: ...


class Pulse:
    """Watches connections in use. `ask` returns when the database answers, else it raises."""

    def __init__(
        self, ask: Callable[[], Awaitable[None]], patience: float = PATIENCE_SECONDS
    ) -> None:
        self._ask = ask
        self._patience = patience
        self._in_use: dict[Endable, float] = {}  # since when they have to wait, the oldest first
        self._next_look: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None

    def watch(self, connection: Endable, since: float) -> None:
        """From now on somebody waits for `connection`, and altogether since that moment."""
        self._in_use[connection] = since
        if self._next_look is None and self._asking is None:
            self._look_in(self._patience)

    def unwatch(self, connection: Endable) -> None:
        """Nobody waits for it any more."""
        self._in_use.pop(connection, None)

    async def close(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _look_in(self, seconds: float) -> None:
        self._next_look = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._next_look = None
        if not self._in_use:
            return
        waited = asyncio.get_running_loop().time() - next(iter(self._in_use.values()))
        if waited < self._patience:
            self._look_in(self._patience - waited)
        else:
            self._asking = asyncio.create_task(self._find_out())

    async def _find_out(self) -> None:
        loop = asyncio.get_running_loop()
        while self._in_use and not await self._answers():
            for connection, since in list(self._in_use.items()):
                if loop.time() - since >= self._patience:
                    self.unwatch(connection)
                    connection.terminate()
        self._in_use = dict.fromkeys(self._in_use, loop.time())
        self._asking = None
        if self._in_use:
            self._look_in(self._patience)

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                await self._ask()
        except Exception:  # whatever the reason, nobody is going to be answered
            return False
        return True
