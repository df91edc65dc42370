"""`migrations/sample_data.sql`: the catalog's files as one script for psql.

The script is the importer's own statements with the rows written into them, so that seeding by
psql and importing leave the same rows and a second run changes nothing.

    python -m aibc.catalog.sample_data catalog migrations/sample_data.sql
"""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from aibc.catalog.importer import QUERIES
from aibc.catalog.loader import load_catalog
from aibc.catalog.rows import Row, rows_of

_QUOTE = "$catalog$"
_HEADER = """\
-- The sample catalog, for operators who seed by psql. Generated from catalog/ by
-- `make sample-data`; change the files there, not this one.
--
--     psql -v ON_ERROR_STOP=1 -d aibc_db -f migrations/sample_data.sql
--
-- It may be run again at any time: rows that are the same stay untouched.
"""


def sample_data_sql(directory: Path) -> str:
    """The script for all files below `directory`. Raises CatalogInvalid when one is wrong."""
    rows = rows_of(load_catalog(directory))
    statements = [
        "BEGIN",
        QUERIES["lock_catalog"],
        _filled("import_pathways", rows.pathways, rows.pathway_ids),
        _filled("import_modules", rows.modules, rows.pathway_ids),
        _filled("import_resources", rows.resources, rows.pathway_ids),
        "COMMIT",
    ]
    return _HEADER + "".join(f"\n{statement};\n" for statement in statements)


def _filled(name: str, rows: list[Row], pathway_ids: list[str]) -> str:
    return (
        QUERIES[name]
        .replace("$2::text[]", _literal("{" + ",".join(pathway_ids) + "}") + "::text[]")
        .replace("$1::text::jsonb", _literal(_one_line_a_row(rows)) + "::jsonb")
    )


def _one_line_a_row(rows: list[Row]) -> str:
    return "[\n" + ",\n".join(orjson.dumps(row).decode() for row in rows) + "\n]"


def _literal(text: str) -> str:
    if _QUOTE in text:
        raise ValueError(f"the catalog holds {_QUOTE}, which ends a quoted text in the script")
    return f"{_QUOTE}{text}{_QUOTE}"


def main(arguments: list[str]) -> None:
    """Write the script: the catalog's directory first, then the file to write."""
    directory, target = arguments
    Path(target).write_text(sample_data_sql(Path(directory)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
