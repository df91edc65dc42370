"""Bringing a catalog into the database: what is new is added, what changed is changed, what a
pathway's file no longer names is marked removed and returns when it is named again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import asyncpg
import orjson

from aibc.catalog.documents import PathwayDocument
from aibc.catalog.rows import CatalogRows, Row, rows_of
from aibc.database.errors import CROSSED_STATES
from aibc.database.pool import MAX_TRIES, Connection, Database
from aibc.database.queries import load_queries

QUERIES = load_queries(__package__)
Result = TypeVar("Result")
IMPORT_SECONDS = 600
OUTCOMES = ("added", "changed", "moved", "returned", "removed", "unchanged")


@dataclass(frozen=True)
class ImportSummary:
    """What an import did: for each kind of thing, the ids by what became of them."""

    pathways: dict[str, list[str]]
    modules: dict[str, list[str]]
    resources: dict[str, list[str]]

    @property
    def changed_anything(self) -> bool:
        kinds = (self.pathways, self.modules, self.resources)
        return any(outcome != "unchanged" for kind in kinds for outcome in kind)


async def import_documents(
    database: Database, documents: Sequence[PathwayDocument]
) -> ImportSummary:
    """Import in one transaction and commit."""
    rows = rows_of(documents)

    async def import_once() -> ImportSummary:
        async with database.transaction() as connection:
            return await import_rows(connection, rows)

    return await tried_again(import_once)


async def tried_again(run: Callable[[], Awaitable[Result]]) -> Result:
    """Run a whole import, again after a deadlock.

    Learners at work may hold what the recount of their figures needs.
    """
    for attempt in range(1, MAX_TRIES + 1):
        try:
            return await run()
        except asyncpg.PostgresError as error:
            if error.sqlstate not in CROSSED_STATES or attempt == MAX_TRIES:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


async def import_rows(connection: Connection, rows: CatalogRows) -> ImportSummary:
    """Write the rows inside the caller's transaction."""
    await connection.execute(QUERIES["allow_time"], f"{IMPORT_SECONDS}s")
    await connection.execute(QUERIES["lock_catalog"], timeout=IMPORT_SECONDS)
    return ImportSummary(
        pathways=await _write(connection, "import_pathways", rows.pathways),
        modules=await _write(connection, "import_modules", rows.modules, rows.pathway_ids),
        resources=await _write(connection, "import_resources", rows.resources, rows.pathway_ids),
    )


async def _write(
    connection: Connection, statement: str, rows: list[Row], *arguments: list[str]
) -> dict[str, list[str]]:
    """Send one of the import statements and return its ids by outcome."""
    records = await connection.fetch(
        QUERIES[statement], orjson.dumps(rows).decode(), *arguments, timeout=IMPORT_SECONDS
    )
    return {record["outcome"]: list(record["ids"]) for record in records}
