"""The one way to PostgreSQL: a bounded number of asyncpg connections.

A service function takes a `Connection`; only the edge (a route, a page, a command) opens the
transaction around it, and it commits when the block ends, before the answer is sent.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from functools import partial
from typing import Any, Self, TypeAlias, TypeVar

import asyncpg
import orjson

from aibc.database.connections import Connection as Connection
from aibc.database.connections import Connections
from aibc.database.errors import (
    CROSSED_STATES,
    NOT_THERE_YET,
    translated_errors,
    was_refused,
)
from aibc.database.pulse import PATIENCE_SECONDS, Pulse
from aibc.settings import DatabaseSettings

Record: TypeAlias = asyncpg.Record
Result = TypeVar("Result")

MAX_TRIES = 4  # once, and three more after a deadlock or a restart
CLOSE_SECONDS = 5.0
PAUSE_SECONDS = 0.05  # between two attempts to reach a server that is starting


# Whether what runs in this context, usually a request, has had a connection before.
_has_begun: ContextVar[bool] = ContextVar("aibc_has_begun", default=False)


class Database:
    """A pool with deadlines: for a connection, for a statement, for a lock.

    A server that restarts is waited for, and a statement it did not carry out is sent again. A
    server that is gone is noticed within two seconds, however it went (`Pulse`).
    """

    def __init__(self, settings: DatabaseSettings, pulse_seconds: float) -> None:
        self._patience = settings.pool_timeout_seconds
        self._connections = Connections(
            partial(_connect, settings), settings.pool_size, self._patience
        )
        self._pulse = Pulse(partial(_ask, settings), pulse_seconds)

    @classmethod
    async def open(
        cls, settings: DatabaseSettings, *, pulse_seconds: float = PATIENCE_SECONDS
    ) -> Self:
        """The server may be down: connections are made when they are first needed.

        A silent server is asked for a sign of life after `pulse_seconds`, and given as long again.
        """
        return cls(settings, pulse_seconds)

    async def close(self) -> None:
        """Wait a moment for running statements, then end every connection."""
        await self._pulse.close()
        await self._connections.close(CLOSE_SECONDS)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection in autocommit: each statement stands alone."""
        with translated_errors():
            connection = await self._acquire(_now())
            try:
                yield connection
            except BaseException as error:
                self._release(connection, error)
                raise
            self._release(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction, committed when the block ends, rolled back when it raises."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def fetch(self, query: str, *arguments: Any, repeatable: bool = False) -> list[Record]:
        """Run one statement and return all its rows.

        After a deadlock, or when the server says that it did not carry it out, it is sent again. A
        `repeatable` one, which may be carried out twice without harm, also when the connection
        breaks and nobody can know.
        """
        return await self._retried(lambda c: c.fetch(query, *arguments), repeatable=repeatable)

    async def fetch_row(
        self, query: str, *arguments: Any, repeatable: bool = False
    ) -> Record | None:
        """Run one statement and return its first row, or None."""
        return await self._retried(lambda c: c.fetchrow(query, *arguments), repeatable=repeatable)

    async def fetch_value(self, query: str, *arguments: Any, repeatable: bool = False) -> Any:
        """Run one statement and return the first column of its first row, or None."""
        return await self._retried(lambda c: c.fetchval(query, *arguments), repeatable=repeatable)

    async def execute(self, query: str, *arguments: Any) -> str:
        """Run one statement and return its command tag, such as `UPDATE 1`."""
        return await self._retried(lambda c: c.execute(query, *arguments), repeatable=False)

    async def in_transaction(self, run: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Call `run` inside one transaction; after a deadlock it is called again."""

        async def transaction(connection: Connection) -> Result:
            async with connection.transaction():
                return await run(connection)

        return await self._retried(transaction, repeatable=False)

    async def room(self) -> int:
        """How many connections one instance of the service may hold, all its workers together.

        Half of what the server gives ordinary users: a new instance starts beside the old one, and
        operators want to get in too.
        """
        given: int = await self.fetch_value(
            "SELECT current_setting('max_connections')::int"
            " - current_setting('superuser_reserved_connections')::int"
        )
        return given // 2

    async def _retried(
        self, run: Callable[[Connection], Awaitable[Result]], *, repeatable: bool
    ) -> Result:
        since = _now()
        with translated_errors():
            for attempt in range(1, MAX_TRIES + 1):
                connection = await self._acquire(since)
                try:
                    result = await run(connection)
                except BaseException as error:
                    self._release(connection, error)
                    is_lost = connection.is_closed()
                    if attempt == MAX_TRIES or not isinstance(error, Exception):
                        raise
                    if getattr(error, "sqlstate", None) in CROSSED_STATES:
                        since = _now()  # it waited for somebody, not for the server
                    elif _now() - since > PATIENCE_SECONDS or not (
                        was_refused(error) or (repeatable and is_lost)
                    ):
                        raise
                else:
                    self._release(connection)
                    return result
                await asyncio.sleep(random.uniform(0.005, 0.05) * attempt)  # noqa: S311
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _acquire(self, since: float) -> Connection:
        """A connection, as soon as one is free; a server that is starting is waited for."""
        connection = self._connections.take_idle()
        while connection is None:
            try:
                connection = await self._connections.take(has_begun=_has_begun.get())
            except NOT_THERE_YET as error:
                if isinstance(error, TimeoutError) or _now() - since > self._patience:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)
        _has_begun.set(True)
        self._pulse.watch(connection, _now())  # the server did not make anybody queue
        return connection

    def _release(self, connection: Connection, error: BaseException | None = None) -> None:
        self._pulse.unwatch(connection)
        # Whose statement was cut short is not waited for: it may go on for long.
        if isinstance(error, TimeoutError) or (error and not isinstance(error, Exception)):
            self._connections.end(connection)
        else:
            self._connections.give_back(connection)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _connect(settings: DatabaseSettings) -> Connection:
    connection = await asyncpg.connect(
        settings.url,
        # Names of prepared statements belong to a server session, which PgBouncer in
        # transaction mode hands to somebody else: asyncpg's cache must stay off behind it.
        statement_cache_size=0 if settings.behind_pgbouncer else 1024,
        command_timeout=settings.statement_timeout_seconds + 1,
        timeout=settings.pool_timeout_seconds,
        server_settings={} if settings.behind_pgbouncer else _session_settings(settings),
    )
    try:
        await _prepare_connection(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _ask(settings: DatabaseSettings) -> None:
    """Return if the database answers somebody new."""
    with suppress(asyncpg.TooManyConnectionsError):  # an answer too
        connection = await asyncpg.connect(
            settings.url, timeout=settings.pool_timeout_seconds, statement_cache_size=0
        )
        try:
            await connection.execute("SELECT 1")
        finally:
            connection.terminate()


async def _prepare_connection(connection: Connection) -> None:
    for type_name in ("json", "jsonb"):
        await connection.set_type_codec(
            type_name,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=orjson.loads,
        )


def _session_settings(settings: DatabaseSettings) -> dict[str, str]:
    return {
        "application_name": "aibc",
        "timezone": "UTC",
        "statement_timeout": f"{settings.statement_timeout_seconds}s",
        "lock_timeout": f"{settings.lock_timeout_seconds}s",
        "idle_in_transaction_session_timeout": "30s",
    }
