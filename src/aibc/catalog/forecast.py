"""What an import would do to learners' figures: it is done, looked at, and rolled back.

While the import's transaction holds the learners it recounted, everybody else still sees their
figures from before: a second connection reads those, the first one reads what they become.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aibc.catalog.documents import PathwayDocument
from aibc.catalog.importer import ImportSummary, import_rows, tried_again
from aibc.catalog.rows import CatalogRows, rows_of
from aibc.database.pool import Connection, Database, Record
from aibc.database.queries import load_queries

_QUERIES = load_queries(__package__, "forecast.sql")
_FIGURES = _QUERIES["figures_of_learners"]
BATCH = 1000
_BEFORE_ALL = UUID(int=0)

# The figures of a pathway and of a module, each with what a learner without a row has.
PATHWAY_FIGURES: dict[str, Any] = {
    "progress_percentage": 0,
    "completed_modules": 0,
    "first_completed": False,
}
MODULE_FIGURES: dict[str, Any] = {"progress_percentage": 0, "approval_status": None}


@dataclass(frozen=True)
class Move:
    """One figure of one pathway, or of one of its modules, going from a value to another."""

    pathway_id: str
    module_id: str | None
    figure: str
    before: Any
    after: Any


@dataclass
class Forecast:
    """What an import would change: the catalog, and for how many learners which figure."""

    summary: ImportSummary
    moves: Counter[Move] = field(default_factory=Counter)
    learners_recounted: int = 0
    learners_affected: int = 0

    @property
    def approvals_gained(self) -> int:
        return sum(
            learners
            for move, learners in self.moves.items()
            if move.figure == "approval_status" and move.after == "approved"
        )

    @property
    def approvals_lost(self) -> int:
        return sum(
            learners
            for move, learners in self.moves.items()
            if move.figure == "approval_status" and move.before == "approved"
        )


class _RolledBack(Exception):
    """Ends a transaction whose result was only wanted for its forecast."""


async def forecast_import(database: Database, documents: Sequence[PathwayDocument]) -> Forecast:
    """Say what `import_documents` would do now, and leave everything as it is.

    Learners of the pathways that are recounted wait as long as they would for the import.
    """
    rows = rows_of(documents)
    return await tried_again(lambda: _forecast_once(database, rows))


async def _forecast_once(database: Database, rows: CatalogRows) -> Forecast:
    with suppress(_RolledBack):
        async with database.connection() as outside, database.transaction() as inside:
            forecast = Forecast(await import_rows(inside, rows))
            await _compare(forecast, outside, inside)
            raise _RolledBack
    return forecast


async def _compare(forecast: Forecast, outside: Connection, inside: Connection) -> None:
    rows = await inside.fetch(_QUERIES["recounted_pathways"])
    pathways = [row["pathway_id"] for row in rows]
    async for learners in _batches(inside, pathways):
        before = _by_place(await outside.fetch(_FIGURES, learners, pathways))
        after = _by_place(await inside.fetch(_FIGURES, learners, pathways))
        affected = set()
        for place in before.keys() | after.keys():
            for move in _moves(before.get(place), after.get(place)):
                forecast.moves[move] += 1
                affected.add(place[0])
        forecast.learners_recounted += len(learners)
        forecast.learners_affected += len(affected)


async def _batches(inside: Connection, pathways: list[str]) -> AsyncIterator[list[UUID]]:
    last = _BEFORE_ALL
    while rows := await inside.fetch(_QUERIES["next_learners"], pathways, last, BATCH):
        last = rows[-1]["user_id"]
        yield [row["user_id"] for row in rows]


def _by_place(rows: list[Record]) -> dict[tuple[Any, ...], Record]:
    """Rows by learner and place; a module is the same one in whichever pathway it stands."""
    return {(row["user_id"], row["module_id"] or (row["pathway_id"],)): row for row in rows}


def _moves(before: Record | None, after: Record | None) -> list[Move]:
    place = after or before
    assert place is not None, "at least one of the two has the place"  # noqa: S101
    figures = MODULE_FIGURES if place["module_id"] else PATHWAY_FIGURES
    moves = []
    for figure, nothing in figures.items():
        was = before[figure] if before else nothing
        becomes = after[figure] if after else nothing
        if was != becomes:
            moves.append(Move(place["pathway_id"], place["module_id"], figure, was, becomes))
    return moves
