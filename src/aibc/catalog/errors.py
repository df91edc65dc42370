"""What can be wrong about the catalog.

AibcError
├── PathwayNotFound       no live pathway has this id
├── ModuleNotFound        no live module has this id
├── ResourceNotFound      no live resource has this id
├── DraftNotFound         an upload that is gone: imported, thrown away or a day old
├── CatalogMoved          the catalog is not the one that a dry run was about
├── CatalogInvalid        files of a catalog hold mistakes; each one with its file and line
└── ExportFailed          the files of an export could not be written
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aibc.errors import AibcError

MOST_MISTAKES = 1_000  # that are told; nobody reads more, and each one costs time


class PathwayNotFound(AibcError):
    """There is no such pathway."""

    code = "pathway_not_found"
    status = 404


class ModuleNotFound(AibcError):
    """There is no such module."""

    code = "module_not_found"
    status = 404


class ResourceNotFound(AibcError):
    """There is no such resource."""

    code = "resource_not_found"
    status = 404


class DraftNotFound(AibcError):
    """This upload is gone: it was imported, thrown away, or is more than a day old."""

    code = "draft_not_found"
    status = 404


class CatalogMoved(AibcError):
    """The catalog has changed since this dry run, so nothing was imported."""

    code = "catalog_moved"
    status = 409


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in one file. Lines count from 1; 0 means the file as a whole."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class CatalogInvalid(AibcError):
    """The catalog holds mistakes, so nothing was imported."""

    code = "catalog_invalid"
    status = 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems[:MOST_MISTAKES])
        count = "1 mistake" if len(problems) == 1 else f"{len(self.problems):,} mistakes"
        if len(problems) > MOST_MISTAKES:
            count = f"more than {count}"
        super().__init__(
            f"The catalog holds {count}, so nothing was imported.",
            errors=[{"field": f"{p.file}:{p.line}", "message": p.message} for p in self.problems],
        )


class ExportFailed(AibcError):
    """The catalog could not be written: check that the path is a directory you may write to."""

    code = "export_failed"
    status = 503
