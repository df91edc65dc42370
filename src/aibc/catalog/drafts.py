"""An uploaded catalog between its dry run and its import.

The files are kept as they were read, so that what is imported is what the dry run was about; and
the version of the catalog, so that nobody confirms what was forecast of another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from aibc.accounts.service import Author, write_down
from aibc.catalog.documents import PathwayDocument
from aibc.catalog.errors import CatalogMoved, DraftNotFound
from aibc.catalog.forecast import forecast_import
from aibc.catalog.forecast_output import forecast_document, summary_document
from aibc.catalog.importer import QUERIES, ImportSummary, import_rows, tried_again
from aibc.catalog.loader import CatalogFile, load_files
from aibc.catalog.rows import rows_of
from aibc.database.pool import Connection, Database, Record
from aibc.database.queries import load_queries

_DRAFTS = load_queries(__package__, "drafts.sql")


async def propose(database: Database, author_id: UUID, files: Sequence[CatalogFile]) -> UUID:
    """Keep the files with the forecast of their import; the draft's id. Raises CatalogInvalid."""
    documents = await _documents(files)
    version = await database.fetch_value(QUERIES["catalog_version"])
    forecast = forecast_document(await forecast_import(database, documents))
    kept = [{"name": file.name, "text": file.content.decode("utf-8")} for file in files]
    return cast(
        UUID,
        await database.fetch_value(_DRAFTS["keep_draft"], author_id, kept, version, forecast),
    )


async def read_draft(database: Database, draft_id: UUID) -> Record:
    """The draft with its forecast, and whether that is still of the catalog as it is.

    Raises DraftNotFound.
    """
    return _found(await database.fetch_row(_DRAFTS["read_draft"], draft_id))


async def propose_again(database: Database, author_id: UUID, draft_id: UUID) -> UUID:
    """A new draft of the same files, against the catalog as it is now. Raises DraftNotFound."""
    return await propose(database, author_id, await _files(database, draft_id))


async def import_draft(database: Database, draft_id: UUID, author: Author) -> ImportSummary:
    """Import what the draft holds and write down who did.

    Raises DraftNotFound, and CatalogMoved when the catalog is not the one of the dry run.
    """
    rows = rows_of(await _documents(await _files(database, draft_id)))

    async def import_once() -> ImportSummary:
        async with database.transaction() as connection:
            await _take(connection, draft_id)
            summary = await import_rows(connection, rows)
            await write_down(connection, author, "catalog.import", draft_id, None, _counts(summary))
            return summary

    return await tried_again(import_once)


async def drop_draft(database: Database, draft_id: UUID) -> None:
    """Forget a draft; also fine when it is gone."""
    await database.execute(_DRAFTS["drop_draft"], draft_id)


async def _take(connection: Connection, draft_id: UUID) -> None:
    """Mark the draft imported while the catalog stands still."""
    version = await connection.fetchval(QUERIES["lock_catalog"])
    draft = _found(await connection.fetchrow(_DRAFTS["take_draft"], draft_id))
    if draft["catalog_version"] != version:
        raise CatalogMoved


async def _files(database: Database, draft_id: UUID) -> list[CatalogFile]:
    files = await database.fetch_value(_DRAFTS["files_of_draft"], draft_id)
    if files is None:
        raise DraftNotFound
    return [CatalogFile(file["name"], file["text"].encode()) for file in files]


async def _documents(files: Sequence[CatalogFile]) -> list[PathwayDocument]:
    """Read in a thread: megabytes of YAML take seconds."""
    return await asyncio.to_thread(load_files, files)


def _counts(summary: ImportSummary) -> dict[str, Any]:
    kinds = summary_document(summary, dry_run=False)
    return {
        kind: {outcome: len(ids) for outcome, ids in outcomes.items()}
        for kind, outcomes in kinds.items()
        if kind != "dry_run"
    }


def _found(row: Record | None) -> Record:
    if row is None:
        raise DraftNotFound
    return row
