"""The one way to PostgreSQL: a bounded pool of asyncpg connections.

A service function takes a `Connection`; only the edge (a route, a page, a command) opens the
transaction around it, and it commits when the block ends, before the answer is sent.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from aibc.database.errors import RETRYABLE_STATES, translated_errors
from aibc.settings import DatabaseSettings

Record: TypeAlias = asyncpg.Record
Connection: TypeAlias = "asyncpg.Connection[Record] | PoolConnectionProxy[Record]"
Result = TypeVar("Result")

MAX_TRIES = 4  # once, and three more after a deadlock


class Database:
    """A pool with deadlines: for a connection, for a statement, for a lock."""

    def __init__(self, pool: asyncpg.Pool[Record], settings: DatabaseSettings) -> None:
        self._pool = pool
        self._acquire_timeout = settings.pool_timeout_seconds

    @classmethod
    async def open(cls, settings: DatabaseSettings) -> Database:
        """Open the pool. The server may be down: connections are made when first needed."""
        pool = asyncpg.create_pool(
            settings.url,
            min_size=0,
            max_size=settings.pool_size,
            init=_prepare_connection,
            reset=_keep_session,
            # Names of prepared statements belong to a server session, which PgBouncer in
            # transaction mode hands to somebody else: asyncpg's cache must stay off behind it.
            statement_cache_size=0 if settings.behind_pgbouncer else 1024,
            command_timeout=settings.statement_timeout_seconds + 1,
            timeout=settings.pool_timeout_seconds,
            server_settings={} if settings.behind_pgbouncer else _session_settings(settings),
        )
        await pool
        return cls(pool, settings)

    async def close(self) -> None:
        """Wait a moment for running statements, then end every connection."""
        try:
            await asyncio.wait_for(self._pool.close(), timeout=5)
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection in autocommit: each statement stands alone."""
        with translated_errors():
            async with self._pool.acquire(timeout=self._acquire_timeout) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction, committed when the block ends, rolled back when it raises."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def fetch(self, query: str, *arguments: Any) -> list[Record]:
        """Run one statement and return all its rows; a deadlock is tried again."""
        return await self._retried(lambda c: c.fetch(query, *arguments))

    async def fetch_row(self, query: str, *arguments: Any) -> Record | None:
        """Run one statement and return its first row, or None."""
        return await self._retried(lambda c: c.fetchrow(query, *arguments))

    async def fetch_value(self, query: str, *arguments: Any) -> Any:
        """Run one statement and return the first column of its first row, or None."""
        return await self._retried(lambda c: c.fetchval(query, *arguments))

    async def execute(self, query: str, *arguments: Any) -> str:
        """Run one statement and return its command tag, such as `UPDATE 1`."""
        return await self._retried(lambda c: c.execute(query, *arguments))

    async def in_transaction(self, run: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Call `run` inside one transaction; after a deadlock it is called again."""

        async def transaction(connection: Connection) -> Result:
            async with connection.transaction():
                return await run(connection)

        return await self._retried(transaction)

    async def _retried(self, run: Callable[[Connection], Awaitable[Result]]) -> Result:
        for attempt in range(1, MAX_TRIES + 1):
            with translated_errors():
                async with self._pool.acquire(timeout=self._acquire_timeout) as connection:
                    try:
                        return await run(connection)
                    except asyncpg.PostgresError as error:
                        if error.sqlstate not in RETRYABLE_STATES or attempt == MAX_TRIES:
                            raise
            await asyncio.sleep(random.uniform(0.005, 0.05) * attempt)  # noqa: S311
        raise AssertionError("unreachable: the last attempt returns or raises")


async def _prepare_connection(connection: asyncpg.Connection[Record]) -> None:
    for type_name in ("json", "jsonb"):
        await connection.set_type_codec(
            type_name,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=orjson.loads,
        )


async def _keep_session(_: object) -> None:
    """No session state is ever set, so there is nothing to reset and a round trip to save."""


def _session_settings(settings: DatabaseSettings) -> dict[str, str]:
    return {
        "application_name": "aibc",
        "timezone": "UTC",
        "statement_timeout": f"{settings.statement_timeout_seconds}s",
        "lock_timeout": f"{settings.lock_timeout_seconds}s",
        "idle_in_transaction_session_timeout": "30s",
    }
