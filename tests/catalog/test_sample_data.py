"""The script for psql holds what the files hold and leaves the rows that an import leaves."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from aibc.catalog.importer import import_documents
from aibc.catalog.loader import load_catalog
from aibc.catalog.sample_data import main, sample_data_sql
from aibc.database.pool import Database
from aibc.shipped import shipped_directory
from catalog.building import stored_rows

SCRIPT = shipped_directory("migrations") / "sample_data.sql"


@pytest.fixture
def catalog_directory() -> Path:
    return shipped_directory("catalog")


def test_the_script_is_what_the_files_generate(catalog_directory: Path, tmp_path: Path) -> None:
    main([str(catalog_directory), str(tmp_path / "sample_data.sql")])
    written = (tmp_path / "sample_data.sql").read_text("utf-8")
    assert written == SCRIPT.read_text("utf-8"), "run `make sample-data`"


async def test_the_script_leaves_the_rows_that_an_import_leaves(
    connection: asyncpg.Connection[asyncpg.Record], database: Database, catalog_directory: Path
) -> None:
    await connection.execute(SCRIPT.read_text("utf-8"))
    by_script = await stored_rows(database)
    assert len(by_script["pathways"]) == 13
    summary = await import_documents(database, load_catalog(catalog_directory))
    assert not summary.changed_anything
    assert await stored_rows(database) == by_script


async def test_the_script_can_be_run_again_and_after_an_import(
    connection: asyncpg.Connection[asyncpg.Record], database: Database, catalog_directory: Path
) -> None:
    await import_documents(database, load_catalog(catalog_directory))
    rows = await database.fetch("SELECT xmin, * FROM resources ORDER BY id")
    for _ in range(2):
        await connection.execute(SCRIPT.read_text("utf-8"))
    assert await database.fetch("SELECT xmin, * FROM resources ORDER BY id") == rows


def test_a_catalog_that_would_end_the_quoting_is_refused(tmp_path: Path) -> None:
    text = (shipped_directory("catalog") / "pathways" / "mlops.yaml").read_text("utf-8")
    (tmp_path / "mlops.yaml").write_text(text.replace("title: MLOps", "title: $catalog$"), "utf-8")
    with pytest.raises(ValueError, match="ends a quoted text"):
        sample_data_sql(tmp_path)
