"""The database for one command: the operator's, the running service's, or the embedded one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import asyncpg

from aibc.database.embedded import EmbeddedServer
from aibc.database.migrate import MigrationError, migrate, pending
from aibc.database.ownership import DirectoryInUse, own
from aibc.database.pool import Database
from aibc.settings import Settings

WAIT_SECONDS = 30.0
# Nobody waits for a command as somebody waits for a page, and a machine may be busy with much else.
PATIENCE_SECONDS = 15.0


@asynccontextmanager
async def command_database(settings: Settings) -> AsyncIterator[Database]:
    """The database, migrated if it is the embedded one, while a command runs.

    With the service running, its embedded server is used; otherwise it is started for the while.
    Raises DatabaseUnavailable, with the reason, when an operator's database cannot be reached, and
    MigrationError when a command misses what a pending migration would have made.
    """
    with command_url(settings) as url:
        missing: list[str] = []
        if settings.database.embedded:
            await migrate(url)
        else:
            missing = await pending(settings.database.direct_url or url)
        # A command serves nobody else, and some look from two connections at once.
        pool_size = max(2, settings.database.pool_size)
        patient = replace(
            settings.database, url=url, pool_size=pool_size, pool_timeout_seconds=PATIENCE_SECONDS
        )
        database = await Database.open(patient, pulse_seconds=PATIENCE_SECONDS)
        try:
            yield database
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError) as error:
            if missing:
                raise _lacks(missing) from error
            raise
        finally:
            await database.close()


def _lacks(missing: list[str]) -> MigrationError:
    return MigrationError(f"The database lacks {', '.join(missing)}: run `aibc migrate` first.")


async def migrate_database(settings: Settings, *, dry_run: bool = False) -> list[str]:
    """Apply pending migrations and return their versions; a dry run only returns them."""
    with command_url(settings) as url:
        direct = settings.database.direct_url or url
        return await (pending if dry_run else migrate)(direct)


@contextmanager
def command_url(settings: Settings) -> Iterator[str]:
    """Where the database is while a command runs."""
    if not settings.database.embedded:
        yield settings.database.url
        return
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            with _own_server(settings) as url:
                yield url
                return
        except DirectoryInUse as refusal:
            if refusal.owner and refusal.owner.database_url:
                shared = refusal.owner.database_url
                break
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)  # the service is starting
    yield shared


@contextmanager
def _own_server(settings: Settings) -> Iterator[str]:
    directory = settings.data_directory
    with (
        own(directory, wait_seconds=WAIT_SECONDS),
        EmbeddedServer(directory, bin_directory=settings.database.bin_directory) as server,
    ):
        yield server.url
