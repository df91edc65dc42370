"""The tables that the slices describe are the tables that the migrations make."""

from __future__ import annotations

import importlib
from typing import Any

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from aibc.database.tables import metadata

SLICES = ["accounts", "catalog", "progress", "submissions", "reviews"]
# The migration runner's own.
NOT_DESCRIBED = {"schema_migrations"}


def _differences(connection: Connection) -> list[Any]:
    def wanted(_: object, name: str | None, kind: str, *__: object) -> bool:
        # Constraints and indexes are judged by the schema dump; here only tables and columns.
        return kind in ("table", "column") and name not in NOT_DESCRIBED

    context = MigrationContext.configure(
        connection, opts={"include_object": wanted, "compare_type": True}
    )
    return list(compare_metadata(context, metadata))


async def test_described_tables_and_columns_equal_those_of_the_database(database_url: str) -> None:
    for name in SLICES:
        importlib.import_module(f"aibc.{name}.tables")
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(database_url)
    )
    async with engine.connect() as connection:
        found = await connection.run_sync(_differences)
    await engine.dispose()
    assert found == []
