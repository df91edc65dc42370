"""What is exported imports back without a change, and is written the same way every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from aibc.catalog.exporter import catalog_files, export_catalog
from aibc.catalog.importer import import_documents
from aibc.catalog.loader import load_catalog
from aibc.catalog.rows import rows_of
from aibc.catalog.yaml_source import read_yaml
from aibc.database.pool import Database
from catalog.building import module, pathway, quiz, stored_rows, video

RICH = pathway(
    "one",
    module(
        "a",
        video(
            "a-r1",
            description="Two paragraphs: one.\n\nAnd # another, with 'quotes'.",
            url="https://example.com/?a=1&b=2#c",
            metadata={"level": 1.5, "tags": ["no", "12:30", 7, None, True], "deep": {"a": {}}},
            order_index=40,
        ),
        quiz("a-r2", is_required=False, is_published=False),
        video("a-r3", type="quiz"),
        video(
            "a-r4",
            type="project",
            requires_upload=True,
            accepted_file_types=["image/*", "application/pdf"],
            max_file_size_mb=7,
            allow_resubmission=False,
        ),
        duration_minutes=3,
    ),
    module("b", is_published=False),
    title="Yes: ‘smart’ — 日本語",
    is_published=False,
)


async def test_importing_an_export_changes_nothing(database: Database, tmp_path: Path) -> None:
    await import_documents(database, [RICH, pathway("two")])
    rows = await stored_rows(database)
    files = await export_catalog(database, tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        "pathways/one.yaml",
        "pathways/two.yaml",
    ]
    summary = await import_documents(database, load_catalog(tmp_path))
    assert not summary.changed_anything
    assert await stored_rows(database) == rows


async def test_an_export_of_an_import_of_an_export_is_the_same_text(
    database: Database, tmp_path: Path
) -> None:
    await import_documents(database, [RICH])
    (first,) = await export_catalog(database, tmp_path / "first")
    await import_documents(database, load_catalog(tmp_path))
    (second,) = await export_catalog(database, tmp_path / "second")
    assert first.read_text("utf-8") == second.read_text("utf-8")


async def test_what_was_removed_is_not_exported(database: Database, tmp_path: Path) -> None:
    await import_documents(database, [RICH])
    await import_documents(database, [pathway("one", module("a", video("a-r1")))])
    (file,) = await export_catalog(database, tmp_path)
    (document,) = load_catalog(file)
    assert [one.id for one in document.modules] == ["a"]
    assert [one.id for one in document.modules[0].resources] == ["a-r1"]


async def test_a_default_goes_without_saying_but_a_written_one_of_a_quiz_is_kept(
    database: Database, tmp_path: Path
) -> None:
    plain = quiz("a-r1")
    plain["metadata"] |= {"passingScore": 70}
    await import_documents(database, [pathway("one", module("a", plain))])
    (file,) = await export_catalog(database, tmp_path)
    (resource,) = yaml.safe_load(file.read_text("utf-8"))["modules"][0]["resources"]
    assert resource.keys() == {"id", "type", "title", "metadata"}
    assert list(resource["metadata"]) == ["title", "passingScore", "questions"]
    assert list(resource["metadata"]["questions"][0]) == [
        "id",
        "type",
        "question",
        "options",
        "explanation",
    ]


printable = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\n\t"), max_size=60
)


@given(
    description=printable,
    metadata=st.dictionaries(
        printable.filter(bool),
        printable
        | st.booleans()
        | st.none()
        | st.integers(-(2**53), 2**53)
        | st.floats(-1e15, 1e15, allow_subnormal=False),
        max_size=4,
    ),
)
def test_any_text_and_number_survives_the_writing(
    description: str, metadata: dict[str, Any]
) -> None:
    document = pathway("one", module("a", video("a-r1", metadata=metadata)))
    rows = rows_of([document])
    rows.resources[0]["description"] = description
    ((_, text),) = catalog_files(rows.pathways, rows.modules, rows.resources)
    (resource,) = read_yaml(text).value["modules"][0]["resources"]
    assert resource.get("description", "") == description
    assert resource.get("metadata", {}) == metadata
