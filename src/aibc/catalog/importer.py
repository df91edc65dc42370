"""Bringing a catalog into the database: what is new is added, what changed is changed, what a
pathway's file no longer names is marked removed and returns when it is named again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import asyncpg
import orjson

from aibc.catalog.documents import PathwayDocument
from aibc.catalog.rows import CatalogRows, Row, rows_of
from aibc.database.errors import RETRYABLE_STATES
from aibc.database.pool import MAX_TRIES, Connection, Database
from aibc.database.queries import load_queries

QUERIES = load_queries(__package__)
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


class _RolledBack(Exception):
    """Ends a transaction whose result was only wanted for its summary."""


async def import_documents(
    database: Database, documents: Sequence[PathwayDocument], *, dry_run: bool = False
) -> ImportSummary:
    """Import in one transaction and commit; a dry run does the same and rolls it back.

    Learners at work may hold what the recount of their figures needs: after a deadlock the whole
    import is tried again.
    """
    rows = rows_of(documents)
    for attempt in range(1, MAX_TRIES + 1):
        try:
            return await _import_once(database, rows, dry_run=dry_run)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in RETRYABLE_STATES or attempt == MAX_TRIES:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _import_once(database: Database, rows: CatalogRows, *, dry_run: bool) -> ImportSummary:
    with suppress(_RolledBack):
        async with database.transaction() as connection:
            summary = await import_rows(connection, rows)
            if dry_run:
                raise _RolledBack
    return summary


async def import_rows(connection: Connection, rows: CatalogRows) -> ImportSummary:
    """Write the rows inside the caller's transaction."""
    await connection.fetchval(QUERIES["lock_catalog"])
    pathways = await connection.fetch(QUERIES["import_pathways"], as_json(rows.pathways))
    modules = await connection.fetch(
        QUERIES["import_modules"], as_json(rows.modules), rows.pathway_ids
    )
    resources = await connection.fetch(
        QUERIES["import_resources"], as_json(rows.resources), rows.pathway_ids
    )
    return ImportSummary(_by_outcome(pathways), _by_outcome(modules), _by_outcome(resources))


def as_json(rows: list[Row]) -> str:
    return orjson.dumps(rows).decode()


def _by_outcome(records: list[asyncpg.Record]) -> dict[str, list[str]]:
    return {record["outcome"]: list(record["ids"]) for record in records}
