"""The queue for connections, made for the hour in which far more is asked than can be done.

In that hour fairness helps nobody: served in the order of coming, everybody waits until almost
everybody has given up. So once the first has waited for long, the newest is served first. Most
then wait for moments, some are refused when their time is up, and as soon as less is asked again
those who come are served at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple, TypeAlias

import asyncpg

from aibc.database.errors import Overloaded

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
# What is waited for: a connection, or None, a place to make one in.
Turn: TypeAlias = "asyncio.Future[Connection | None]"

CALM_SECONDS = 1.0  # as long as nobody waits longer, the order of coming is kept
LONGEST_SECONDS = 5.0  # that anybody waits, even while the queue moves
# More than a process has callers: refused at once, they would ask again at once.
LONGEST_QUEUE = 10_000


class _Waiting(NamedTuple):
    turn: Turn
    since: float


class Queue:
    """Who waits. A turn that is done, because its owner gave up, is passed over."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()

    def join(self) -> Turn:
        """A turn to wait for. Raises Overloaded where very many wait already."""
        self._forget_those_gone()
        if len(self._waiting) >= LONGEST_QUEUE:
            raise Overloaded
        loop = asyncio.get_running_loop()
        turn: Turn = loop.create_future()
        self._waiting.append(_Waiting(turn, loop.time()))
        return turn

    def next(self) -> Turn | None:
        """Whose turn it is; None where nobody waits."""
        self._forget_those_gone()
        while self._waiting:
            now = asyncio.get_running_loop().time()
            is_calm = now - self._waiting[0].since < CALM_SECONDS
            turn = (self._waiting.popleft() if is_calm else self._waiting.pop()).turn
            if not turn.done():
                return turn
        return None

    def __bool__(self) -> bool:
        self._forget_those_gone()
        return bool(self._waiting)

    def refuse_late(self, now: float) -> None:
        """Raise Overloaded in those who have waited for as long as anybody may."""
        self._refuse(now - LONGEST_SECONDS, Overloaded)

    def refuse_stuck(self, since: float) -> None:
        """Raise TimeoutError in those who have waited since that moment or longer."""
        self._refuse(since, TimeoutError)

    def _refuse(self, since: float, reason: type[Exception]) -> None:
        while self and self._waiting[0].since <= since:
            self._waiting.popleft().turn.set_exception(reason())

    def _forget_those_gone(self) -> None:
        while self._waiting and self._waiting[0].turn.done():
            self._waiting.popleft()
