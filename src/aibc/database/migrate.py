"""Applies `migrations/NNN_*.sql`, each once, in order.

A file is plain SQL that psql can apply as well: `BEGIN`, a first statement that records the file's
name in schema_migrations, the change, `COMMIT`. So a file is applied whole or not at all, and the
runner only decides which come next.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import asyncpg

from aibc.database.errors import DatabaseUnavailable
from aibc.errors import AibcError
from aibc.shipped import shipped_directory

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

FILE_NAME = re.compile(r"\d{3}_[a-z0-9_]+\.sql")
CONNECT_SECONDS = 10.0
# One at a time, whatever the number of starting processes; a fixed number that nobody else uses.
RUNNER_LOCK = 5_171_620_493
# A change that cannot get its lock soon would hold up every query behind it: better to fail.
LOCK_TIMEOUT = "5s"


class MigrationError(AibcError):
    """A migration could not be applied."""

    code = "migration_failed"
    status = 503


async def migrate(url: str, directory: Path | None = None) -> list[str]:
    """Apply what is pending and return the versions applied, in order.

    Several may start at once: one applies, the others wait for it and find nothing to do.
    """
    files = _texts(migration_files(directory))
    async with _connection(url) as connection:
        await connection.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        await connection.execute("SELECT pg_advisory_lock($1)", RUNNER_LOCK)
        await connection.execute("SELECT set_config('lock_timeout', $1, false)", LOCK_TIMEOUT)
        recorded = await _recorded(connection)
        missing = [(file, text) for file, text in files if file.stem not in recorded]
        for file, text in missing:
            await _apply(connection, file, text)
        return [file.stem for file, _ in missing]


async def pending(url: str, directory: Path | None = None) -> list[str]:
    """The versions that `migrate` would apply now."""
    async with _connection(url) as connection:
        recorded = await _recorded(connection)
    return [file.stem for file in migration_files(directory) if file.stem not in recorded]


def migration_files(directory: Path | None = None) -> list[Path]:
    """The migrations in the order they apply. Raises MigrationError when there are none."""
    source = directory or shipped_directory("migrations")
    files = sorted(path for path in source.glob("*.sql") if FILE_NAME.fullmatch(path.name))
    if not files:
        raise MigrationError(f"There are no migrations in {source}.")
    return files


def _texts(files: list[Path]) -> list[tuple[Path, str]]:
    return [(file, file.read_text(encoding="utf-8")) for file in files]


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Connection]:
    """A connection of its own: the runner's lock belongs to a session, which no pool may share."""
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(getattr(error, "strerror", None) or error or "no answer").rstrip(".")
        raise DatabaseUnavailable(
            f"The database cannot be reached ({reason}): is it running, and is DATABASE_URL right?"
        ) from error
    try:
        yield connection
    finally:
        await asyncio.shield(connection.close(timeout=CONNECT_SECONDS))


async def _recorded(connection: Connection) -> set[str]:
    if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
        return set()
    rows = await connection.fetch("SELECT version FROM schema_migrations")
    return {row["version"] for row in rows}


async def _apply(connection: Connection, file: Path, text: str) -> None:
    try:
        await connection.execute(text)
    except asyncpg.PostgresError as error:
        raise MigrationError(
            f"Migration {file.stem} failed{_place(error, text)} and changed nothing: "
            f"{str(error).splitlines()[0]}."
        ) from error
    if connection.is_in_transaction() or file.stem not in await _recorded(connection):
        raise MigrationError(
            f"Migration {file.name} must begin with BEGIN, record {file.stem!r} in "
            "schema_migrations, and end with COMMIT."
        )


def _place(error: asyncpg.PostgresError, text: str) -> str:
    position = getattr(error, "position", None)
    return f" at line {text.count(chr(10), 0, int(position) - 1) + 1}" if position else ""
