"""A bounded stack of open connections.

The driver's own pool makes a task for every connection that is handed back; a hot read takes less
time than that. Here handing back is a function call. The one used last is used first, so a quiet
hour shrinks the stack to what is needed.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aibc.database.errors import DatabaseUnavailable
from aibc.database.waiting import Connection as Connection
from aibc.database.waiting import Queue

IDLE_SECONDS = 300.0  # longer than that, and a network may have forgotten it
LOOK_SECONDS = 0.1  # between two looks at who has waited for too long
LIFE_SECONDS = 3600.0  # a server's memory of a session grows; a name may lead elsewhere by now


class Connections:
    """At most `size` connections, made by `connect` when they are first needed.

    A queue for them is waited in as long as it moves, and left when it stands still for
    `patience` seconds. Requests that have had a connection before go first (`has_begun`).
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], size: int, patience: float
    ) -> None:
        self._connect = connect
        self._patience = patience
        self._moved_at = -math.inf  # when something was last handed over
        self._next_look: asyncio.TimerHandle | None = None
        self._places = size  # that have no connection yet
        self._born: dict[Connection, float] = {}  # every connection there is, and since when
        self._idle: deque[tuple[float, Connection]] = deque()  # since when, the freshest last
        self._begun = Queue()
        self._beginners = Queue()
        self._is_closed = False
        self._all_ended = asyncio.Event()

    def take_idle(self) -> Connection | None:
        """One that nobody uses and that was alive when last heard of; None where there is none."""
        while self._idle:
            since, connection = self._idle.pop()
            if not connection.is_closed() and since > _now() - IDLE_SECONDS:
                return connection
            self.end(connection)
        return None

    async def take(self, *, has_begun: bool = False) -> Connection:
        """One that nobody uses, a new one, or else the next that is handed back.

        Raises Overloaded where very many wait already.
        """
        while not self._is_closed:
            connection = self.take_idle()
            if connection is None and self._places == 0:
                connection = await self._turn(self._begun if has_begun else self._beginners)
            if connection is not None:
                return connection
            if self._places:
                return await self._make()
        raise DatabaseUnavailable

    def give_back(self, connection: Connection) -> None:
        """For others to use. What was left in the middle of something is ended instead."""
        now = _now()
        is_fit = not (connection.is_closed() or connection.is_in_transaction() or self._is_closed)
        if not is_fit or self._born[connection] < now - LIFE_SECONDS:
            self.end(connection)
        elif not self._hand_over(connection):
            self._idle.append((now, connection))
        while self._idle and self._idle[0][0] < now - IDLE_SECONDS:
            self.end(self._idle.popleft()[1])

    def end(self, connection: Connection) -> None:
        """End one whose use was cut short; another may take its place."""
        if self._born.pop(connection, None) is not None:
            self._places += 1
            self._hand_over(None)
        connection.terminate()
        if self._is_closed and not self._born:
            self._all_ended.set()

    async def close(self, seconds: float) -> None:
        """Wait for those in use until the time is over, and end every connection."""
        self._is_closed = True
        while self._hand_over(None):
            pass
        if self._next_look is not None:
            self._next_look.cancel()
        while self._idle:
            _, connection = self._idle.pop()
            with suppress(Exception):
                await connection.close(timeout=seconds)
            self.end(connection)
        if self._born:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._all_ended.wait()
        for connection in list(self._born):
            self.end(connection)

    async def _make(self) -> Connection:
        self._places -= 1
        try:
            connection = await self._connect()
        except BaseException:
            self._places += 1
            self._hand_over(None)
            raise
        self._born[connection] = _now()
        return connection

    async def _turn(self, queue: Queue) -> Connection | None:
        """Wait until something is handed over. Raises TimeoutError where the queue stands still,
        and Overloaded where it moves but the wait is over."""
        turn = queue.join()
        self._look_soon()
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.exception() is None:  # handed over at that moment
                self._pass_on(turn.result())
            raise
        finally:
            del turn  # it holds the refusal, whose traceback holds this frame: a cycle

    def _look_soon(self) -> None:
        """One look at everybody who waits; a timer for each would cost more than refusing them."""
        if self._next_look is None:
            loop = asyncio.get_running_loop()
            self._next_look = loop.call_later(LOOK_SECONDS, self._refuse_some)

    def _refuse_some(self) -> None:
        self._next_look = None
        now = _now()
        for queue in (self._begun, self._beginners):
            queue.refuse_late(now)
            if self._moved_at <= now - self._patience:
                queue.refuse_stuck(now - self._patience)
        if self._begun or self._beginners:
            self._look_soon()

    def _pass_on(self, handed: Connection | None) -> None:
        if handed is None:
            self._hand_over(None)
        else:
            self.give_back(handed)

    def _hand_over(self, handed: Connection | None) -> bool:
        """Give it to whose turn it is; False where nobody waits."""
        turn = self._begun.next() or self._beginners.next()
        if turn is None:
            return False
        turn.set_result(handed)
        self._moved_at = _now()
        return True


def _now() -> float:
    return asyncio.get_running_loop().time()
