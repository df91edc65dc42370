"""Files of a catalog as validated documents, or every mistake in them with its file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from aibc.catalog.documents import PathwayDocument, mistakes
from aibc.catalog.errors import MOST_MISTAKES, CatalogInvalid, Problem
from aibc.catalog.fields import sentence
from aibc.catalog.yaml_source import Location, YamlMistake, YamlSource, read_yaml

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_FILES = 1_000
SUFFIXES = (".yaml", ".yml")

Item = TypeVar("Item")


@dataclass(frozen=True)
class CatalogFile:
    """A file's content, and the name that mistakes in it are told with."""

    name: str
    content: bytes


def load_catalog(path: Path) -> list[PathwayDocument]:
    """Read a file, or every YAML file below a directory, one pathway each.

    Raises CatalogInvalid with the mistakes of all files; then nothing is returned.
    """
    return _load((str(file), partial(_content_of, file)) for file in _files(path))


def load_files(files: Iterable[CatalogFile]) -> list[PathwayDocument]:
    """The same for files whose content is there already."""
    return _load((file.name, partial(_checked_size, file.content)) for file in files)


def _load(files: Iterable[tuple[str, Callable[[], bytes]]]) -> list[PathwayDocument]:
    problems: list[Problem] = []
    ids = _Ids()
    documents = []
    for name, read in files:
        if len(problems) > MOST_MISTAKES:
            break
        document, source = _load_file(name, read, problems)
        if source is not None:
            problems.extend(_told(ids.repeated_in(name, source)))
        if document is not None:
            documents.append(document)
    if problems:
        raise CatalogInvalid(problems)
    return documents


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CatalogInvalid([Problem(str(path), 0, "there is no such file or directory")])
    found = sorted(file for suffix in SUFFIXES for file in path.rglob(f"*{suffix}"))
    if not found:
        raise CatalogInvalid([Problem(str(path), 0, "holds no file whose name ends in .yaml")])
    if len(found) > MAX_FILES:
        raise CatalogInvalid([Problem(str(path), 0, f"holds more than {MAX_FILES} YAML files")])
    return found


def _load_file(
    name: str, read: Callable[[], bytes], problems: list[Problem]
) -> tuple[PathwayDocument | None, YamlSource | None]:
    try:
        source = read_yaml(_text_of(read()))
    except YamlMistake as mistake:
        problems.append(Problem(name, mistake.line, mistake.message))
        return None, None
    repeated = (Problem(name, twice.line, twice.message) for twice in source.repeated)
    problems.extend(_told(repeated))
    try:
        return PathwayDocument.model_validate(source.value), source
    except ValidationError as error:
        problems.extend(
            Problem(name, source.line_of(one["loc"]), sentence(one))
            for one in _told(mistakes(error))
        )
        return None, source


def _told(found: Iterable[Item]) -> Iterable[Item]:
    """As many as are told, and one more, which shows that there are more."""
    return islice(found, MOST_MISTAKES + 1)


def _content_of(file: Path) -> bytes:
    if not file.is_file():
        raise YamlMistake(0, "is not an ordinary file")
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise YamlMistake(0, f"cannot be read: {error.strerror}") from error
    return _checked_size(content)


def _checked_size(content: bytes) -> bytes:
    if len(content) > MAX_FILE_BYTES:
        raise YamlMistake(0, f"is larger than {MAX_FILE_BYTES // 1024 // 1024} MB")
    return content


def _text_of(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise YamlMistake(line, "is not UTF-8 text") from error


class _Ids:
    """Where each id was first used: within its kind an id stands once in all files together."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], str] = {}

    def repeated_in(self, file: str, source: YamlSource) -> Iterator[Problem]:
        for kind, place in _id_places(source):
            line = source.line_of(place)
            identifier = _at(source.value, place)
            if not isinstance(identifier, str):
                continue
            first = self._first.setdefault((kind, identifier), f"{file}:{line}")
            if first != f"{file}:{line}":
                yield Problem(
                    file, line, f"the {kind} id '{identifier}' is already used at {first}"
                )


def _id_places(source: YamlSource) -> Iterator[tuple[str, Location]]:
    for place in source.lines:
        match place:
            case ("id",):
                yield "pathway", place
            case ("modules", int(), "id"):
                yield "module", place
            case ("modules", int(), "resources", int(), "id"):
                yield "resource", place


def _at(value: object, place: Location) -> object:
    for part in place:
        value = value[part]  # type: ignore[index]  # the place was recorded while it was read
    return value
