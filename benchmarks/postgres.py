"""The benchmarks' own PostgreSQL: kept between runs, a template per scale, a clone per run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil

from aibc.database.embedded import EmbeddedServer
from aibc.database.ownership import own


class Postgres:
    """A running server; names databases of it."""

    def __init__(self, server: EmbeddedServer, log: Path) -> None:
        self._server = server
        self.log = log

    @property
    def process(self) -> psutil.Process:
        process_id = self._server.process_id
        if process_id is None:
            raise RuntimeError("PostgreSQL is not running; its last words are in postgres.log.")
        return psutil.Process(process_id)

    def url(self, database: str) -> str:
        return urlunsplit(urlsplit(self._server.url)._replace(path=f"/{database}"))

    def run(self, statement: str, database: str = "postgres") -> list[asyncpg.Record]:
        """Run one statement in autocommit and return its rows."""
        return asyncio.run(_run(self.url(database), statement))

    def run_script(self, script: str, database: str) -> None:
        """Run several statements on one connection."""
        asyncio.run(_run_script(self.url(database), script))

    def has(self, database: str) -> bool:
        found = self.run(f"SELECT FROM pg_database WHERE datname = '{database}'")
        return bool(found)

    def drop(self, database: str) -> None:
        self.run(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def clone(self, template: str, database: str) -> None:
        """A fresh copy, in the place of the one before."""
        self.drop(database)
        self.run(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY file_copy')
        self.settle()

    def rename(self, database: str, name: str) -> None:
        self.run(f'ALTER DATABASE "{database}" RENAME TO "{name}"')

    def settle(self) -> None:
        """Write out what is dirty now rather than in the middle of a measurement."""
        self.run("CHECKPOINT")

    def version(self) -> str:
        value: Any = self.run("SHOW server_version")[0][0]
        return str(value)


@contextmanager
def running_postgres(directory: Path) -> Iterator[Postgres]:
    """The server over `directory`, for this process alone."""
    programs = os.environ.get("PG_BIN_DIR", "")
    with (
        own(directory),
        EmbeddedServer(
            directory, bin_directory=Path(programs).absolute() if programs else None
        ) as server,
    ):
        yield Postgres(server, directory.absolute() / "postgres.log")


async def _run(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


async def _run_script(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()
