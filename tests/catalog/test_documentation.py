"""docs/catalog.md can be followed word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from aibc.catalog.documents import LessonDocument, ModuleDocument, PathwayDocument, QuizDocument
from aibc.catalog.errors import CatalogInvalid
from aibc.catalog.exporter import export_catalog
from aibc.catalog.importer import import_documents
from aibc.catalog.loader import load_catalog
from aibc.catalog.quiz import Option, Question, Quiz
from aibc.catalog.rows import rows_of
from aibc.database.pool import Database

GUIDE = (Path(__file__).parents[2] / "docs" / "catalog.md").read_text("utf-8")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    found = re.search(r"<!-- example: (\S+) -->\n```yaml\n(.*?)```\n", GUIDE, re.DOTALL)
    assert found
    file = tmp_path / found[1]
    file.write_text(found[2], "utf-8")
    return file


async def test_the_example_imports_as_it_stands(example: Path, database: Database) -> None:
    summary = await import_documents(database, load_catalog(example))
    assert summary.pathways == {"added": ["painting"]}
    assert summary.modules == {"added": ["a-landscape", "one-lamp"]}
    assert summary.resources == {"added": ["one-lamp-r1", "one-lamp-r2", "one-lamp-r3"]}


async def test_the_example_survives_an_export(
    example: Path, database: Database, tmp_path: Path
) -> None:
    documents = load_catalog(example)
    await import_documents(database, documents)
    (file,) = await export_catalog(database, tmp_path / "out")
    assert rows_of(load_catalog(file)) == rows_of(documents)


@pytest.mark.parametrize(
    "model",
    [PathwayDocument, ModuleDocument, LessonDocument, QuizDocument, Quiz, Question, Option],
)
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert keys <= set(re.findall(r"`(\w+)`", GUIDE))


def test_the_mistakes_of_the_guide_are_those_that_are_printed(example: Path) -> None:
    text = example.read_text("utf-8")
    example.write_text(text.replace("order_index: 20", "order_index: soon"), "utf-8")
    with pytest.raises(CatalogInvalid) as caught:
        load_catalog(example)
    (problem,) = caught.value.problems
    assert f"painting.yaml:7: {problem.message}\n" in GUIDE
    assert str(CatalogInvalid([problem, problem])) in GUIDE
