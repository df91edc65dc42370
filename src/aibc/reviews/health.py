"""How pathways fare: where learners get to, who is stuck, how long work waits, how quizzes work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from aibc.catalog.snapshot import CatalogSnapshot, Module, Pathway, Resource
from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries

_QUERIES = load_queries(__package__, "health.sql")
_OVERVIEW = _QUERIES["overview"]
_LEARNERS = _QUERIES["learners_of_pathway"]
_FUNNEL = _QUERIES["funnel"]
_STUCK = _QUERIES["stuck_learners"]
_WAITING_TIMES = _QUERIES["waiting_times"]
_WAITING_NOW = _QUERIES["waiting_now"]
_QUIZZES = _QUERIES["quizzes"]

STUCK_DAYS = 14
SHOWN_STUCK = 50
BATCH = 1000


class PathwayFigures(NamedTuple):
    """One pathway among all."""

    pathway: Pathway
    learners: int
    completed: int
    mean_percentage: int
    quiet: int
    waiting: int
    oldest: datetime | None


class Step(NamedTuple):
    """How many learners came how far with one resource."""

    module: Module
    resource: Resource
    started: int
    handed_in: int
    done: int


class Waits(NamedTuple):
    """How long decided submissions had waited, in hours; None where nothing was decided."""

    week: datetime | None
    decisions: int
    p50: float | None
    p90: float | None


class QuizFigures(NamedTuple):
    """One quiz of a pathway."""

    resource: Resource
    attempts: int
    learners: int
    learners_passed: int
    mean_score: float | None


@dataclass(frozen=True)
class PathwayHealth:
    """Everything the page of one pathway shows."""

    pathway: Pathway
    learners: int
    completed: int
    mean_percentage: int
    steps: list[Step]
    stuck: list[Record]
    stuck_total: int
    waiting: int
    oldest: datetime | None
    last_days: Waits
    weeks: list[Waits]
    quizzes: list[QuizFigures]


class _Place(NamedTuple):
    last_accessed_at: datetime
    user_id: UUID


_START = _Place(datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


async def read_overview(
    database: Database, catalog: CatalogSnapshot, days: int = STUCK_DAYS
) -> list[PathwayFigures]:
    """Every live pathway in its order; also those that nobody has begun."""
    rows = await database.fetch(_OVERVIEW, timedelta(days=days))
    figures = {row["pathway_id"]: tuple(row)[1:] for row in rows}
    nothing = (0, 0, 0, 0, 0, None)
    return [PathwayFigures(one, *figures.get(one.id, nothing)) for one in catalog.pathways]


async def read_health(database: Database, pathway: Pathway, days: int) -> PathwayHealth:
    """The figures of one live pathway, one statement each."""
    learners = await database.fetch_row(_LEARNERS, pathway.id)
    now = await database.fetch_row(_WAITING_NOW, resource_ids(pathway))
    assert learners is not None, "an aggregate answers one row"  # noqa: S101
    assert now is not None, "an aggregate answers one row"  # noqa: S101
    stuck = await _stuck_from(database, pathway, days, _START, SHOWN_STUCK)
    last_days, *weeks = await read_waits(database, pathway)
    return PathwayHealth(
        pathway=pathway,
        **dict(learners),
        steps=await read_funnel(database, pathway),
        stuck=stuck,
        stuck_total=stuck[0]["total"] if stuck else 0,
        waiting=now["waiting"],
        oldest=now["oldest"],
        last_days=last_days,
        weeks=weeks,
        quizzes=await read_quizzes(database, pathway),
    )


def resource_ids(pathway: Pathway) -> list[str]:
    return [resource.id for module in pathway.modules for resource in module.resources]


async def read_funnel(database: Database, pathway: Pathway) -> list[Step]:
    """A step for each live resource, in the order of the pathway."""
    rows = await database.fetch(_FUNNEL, resource_ids(pathway))
    figures = {row["resource_id"]: tuple(row)[1:] for row in rows}
    return [
        Step(module, resource, *figures.get(resource.id, (0, 0, 0)))
        for module in pathway.modules
        for resource in module.resources
    ]


async def read_waits(database: Database, pathway: Pathway | None) -> list[Waits]:
    """The last 30 days, then eight weeks, the present one last; of all pathways for None."""
    wanted = resource_ids(pathway) if pathway else None
    return [Waits(*row) for row in await database.fetch(_WAITING_TIMES, wanted)]


async def read_quizzes(database: Database, pathway: Pathway) -> list[QuizFigures]:
    """Each quiz of the pathway, in its order; also those that nobody has taken."""
    quizzes = [one for module in pathway.modules for one in module.resources if one.type == "quiz"]
    rows = await database.fetch(_QUIZZES, [quiz.id for quiz in quizzes])
    figures = {row["resource_id"]: tuple(row)[1:] for row in rows}
    return [QuizFigures(quiz, *figures.get(quiz.id, (0, 0, 0, None))) for quiz in quizzes]


async def stuck_learners(
    database: Database, pathway: Pathway, days: int
) -> AsyncIterator[list[Record]]:
    """All of them in batches; no connection is held while a batch is being sent."""
    place = _START
    while rows := await _stuck_from(database, pathway, days, place, BATCH):
        yield rows
        place = _Place(rows[-1]["last_accessed_at"], rows[-1]["user_id"])


async def _stuck_from(
    database: Database, pathway: Pathway, days: int, place: _Place, limit: int
) -> list[Record]:
    return await database.fetch(
        _STUCK, resource_ids(pathway), pathway.id, timedelta(days=days), *place, limit
    )
