"""The catalog in the database written back as the files an import reads.

Importing what was exported changes nothing. The writing is canonical (keys in the order of the
documents, defaults left out), so two exports differ only where the catalog does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from aibc.catalog.documents import LessonDocument, ModuleDocument, PathwayDocument, QuizDocument
from aibc.catalog.errors import ExportFailed
from aibc.catalog.importer import QUERIES
from aibc.catalog.quiz import Option, Question, Quiz
from aibc.catalog.rows import Row
from aibc.database.pool import Database

DIRECTORY = "pathways"


async def export_catalog(database: Database, directory: Path) -> list[Path]:
    """Write `pathways/<id>.yaml` below `directory`, one file a pathway, and return the files.

    What is removed is left out; what is not published is written with `is_published: false`.
    Raises ExportFailed where the directory cannot be written to.
    """
    texts = await export_texts(database)
    try:
        return _write_files(directory / DIRECTORY, texts)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        raise ExportFailed(f"The catalog could not be written: {reason}.") from error


async def export_texts(database: Database) -> list[tuple[str, str]]:
    """(pathway id, text of its file) for each pathway that is not removed."""
    record = await database.fetch_row(QUERIES["load_catalog"])
    assert record is not None, "a select without a from clause returns one row"  # noqa: S101
    return catalog_files(record["pathways"], record["modules"], record["resources"])


def _write_files(directory: Path, texts: list[tuple[str, str]]) -> list[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for pathway_id, text in texts:
        file = directory / f"{pathway_id}.yaml"
        file.write_text(text, encoding="utf-8")
        files.append(file)
    return files


def catalog_files(
    pathways: list[Row], modules: list[Row], resources: list[Row]
) -> list[tuple[str, str]]:
    """(pathway id, text of its file) for each pathway; the rows in the order they are to stand."""
    modules_of, resources_of = _by_parent(modules, "pathway_id"), _by_parent(resources, "module_id")
    files = []
    for pathway in pathways:
        document = _written(PathwayDocument, pathway)
        document["modules"] = [
            _placed(ModuleDocument, module, place)
            | {"resources": _resources(resources_of[module["id"]])}
            for place, module in enumerate(modules_of[pathway["id"]], start=1)
        ]
        files.append((pathway["id"], _yaml(_without_empty_lists(document))))
    return files


def _resources(rows: list[Row]) -> list[Row]:
    return [
        _quiz_resource(row, place) if row["type"] == "quiz" else _placed(LessonDocument, row, place)
        for place, row in enumerate(rows, start=1)
    ]


def _quiz_resource(row: Row, place: int) -> Row:
    document = _placed(QuizDocument, {**row, "metadata": None}, place)
    if row["metadata"]:
        document["metadata"] = _quiz(row["metadata"])
    return document


def _quiz(metadata: Row) -> Row:
    quiz = _in_order(Quiz, metadata)
    quiz["questions"] = [_in_order(Question, question) for question in quiz.get("questions", [])]
    for question in quiz["questions"]:
        question["options"] = [_in_order(Option, option) for option in question["options"]]
    return quiz


def _by_parent(rows: list[Row], parent: str) -> Mapping[str, list[Row]]:
    children: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        children[row[parent]].append(row)
    return children


def _placed(model: type[BaseModel], row: Row, place: int) -> Row:
    order_index = None if row["order_index"] == place else row["order_index"]
    return _written(model, {**row, "order_index": order_index})


def _written(model: type[BaseModel], row: Row) -> Row:
    """The keys of the model that say something: a value that is the default goes without saying."""
    return {
        name: row[name]
        for name, field in model.model_fields.items()
        if name in row
        and (field.is_required() or row[name] != field.get_default(call_default_factory=True))
    }


def _in_order(model: type[BaseModel], stored: Row) -> Row:
    """All that is stored, the model's keys first and in its order (jsonb keeps none)."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    known = {name: stored[name] for name in names if name in stored}
    return known | {name: stored[name] for name in sorted(stored) if name not in known}


def _without_empty_lists(document: Row) -> Row:
    for module in document["modules"]:
        if not module["resources"]:
            del module["resources"]
    if not document["modules"]:
        del document["modules"]
    return document


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key and writes paragraphs as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _yaml(document: Any) -> str:
    return str(yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100))
