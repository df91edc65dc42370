"""`migrations/schema.sql` is what the migrations make."""

from __future__ import annotations

from aibc.database.migrate import migration_files
from aibc.database.schema import schema_dump


def test_the_schema_file_is_current() -> None:
    file = migration_files()[0].with_name("schema.sql")
    assert file.read_text(encoding="utf-8") == schema_dump(), "run `make schema`"
