"""The tables of pathway health as files for a spreadsheet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeAlias

from fastapi import APIRouter
from starlette.responses import Response

from aibc.catalog.snapshot import Pathway
from aibc.database.pool import Database
from aibc.http.context import DatabaseDep
from aibc.http.errors import RouteNotFound
from aibc.reviews import health
from aibc.reviews.quizzes import statistics
from aibc.web.csv_files import at_once, csv_response
from aibc.web.health.pages import CatalogDep, offered
from aibc.web.visitors import PageStaff

router = APIRouter(prefix="/health-of-pathways", include_in_schema=False)

Row: TypeAlias = Sequence[Any]
_WAITS = ("week", "decisions", "half_waited_hours", "nine_in_ten_waited_hours")


@router.get("/export/{table}")
async def export_overview(
    visitor: PageStaff,  # noqa: ARG001  # names who may see it
    database: DatabaseDep,
    catalog: CatalogDep,
    table: str,
) -> Response:
    """`pathways` or `waiting`, of all pathways."""
    match table:
        case "pathways":
            figures = await health.read_overview(database, catalog)
            head = ("pathway", "title", *health.PathwayFigures._fields[1:])
            rows: list[Row] = [(one.pathway.id, one.pathway.title, *one[1:]) for one in figures]
            return csv_response("pathways.csv", head, at_once(rows))
        case "waiting":
            return csv_response("waiting.csv", _WAITS, at_once(await _waits(database, None)))
    raise RouteNotFound


@router.get("/{slug}/export/{table}")
async def export_pathway(
    visitor: PageStaff,  # noqa: ARG001  # names who may see it
    database: DatabaseDep,
    catalog: CatalogDep,
    slug: str,
    table: str,
    days: int = health.STUCK_DAYS,
) -> Response:
    """`funnel`, `stuck`, `waiting` or `quizzes` of one pathway."""
    pathway = catalog.live_pathway(slug)
    name = f"{slug}-{table}.csv"
    if table == "stuck":
        return csv_response(name, _STUCK, _stuck(database, pathway, offered(days)))
    if table not in _TABLES:
        raise RouteNotFound
    head, read = _TABLES[table]
    return csv_response(name, head, at_once(await read(database, pathway)))


@router.get("/{slug}/quizzes/{resource_id}/export")
async def export_quiz(
    visitor: PageStaff,  # noqa: ARG001  # names who may see it
    database: DatabaseDep,
    catalog: CatalogDep,
    slug: str,
    resource_id: str,
) -> Response:
    """A row per question of one quiz."""
    catalog.live_pathway(slug)
    quiz = await statistics(database, catalog.live_resource(resource_id).id, "all")
    names = ("question_id", "question", "asked", "correct", "blank", "facility", "discrimination")
    rows = [(*(one[name] for name in names), " ".join(one["reasons"])) for one in quiz["questions"]]
    return csv_response(f"{resource_id}-questions.csv", (*names, "reasons"), at_once(rows))


_STUCK = (
    "user_id",
    "name",
    "email",
    "progress_percentage",
    "current_module",
    "last_seen",
    "sent_back",
    "sent_back_since",
)


async def _stuck(database: Database, pathway: Pathway, days: int) -> AsyncIterator[Iterable[Row]]:
    async for batch in health.stuck_learners(database, pathway, days):
        yield [tuple(row)[1:] for row in batch]


async def _waits(database: Database, pathway: Pathway | None) -> list[Row]:
    return [
        (waits.week or "last 30 days", *waits[1:])
        for waits in await health.read_waits(database, pathway)
    ]


async def _funnel(database: Database, pathway: Pathway) -> list[Row]:
    return [
        (step.module.id, step.resource.id, step.resource.title, step.resource.type, *step[2:])
        for step in await health.read_funnel(database, pathway)
    ]


async def _quizzes(database: Database, pathway: Pathway) -> list[Row]:
    return [
        (one.resource.id, one.resource.title, *one[1:])
        for one in await health.read_quizzes(database, pathway)
    ]


_TABLES: dict[str, tuple[Row, Callable[[Database, Pathway], Awaitable[list[Row]]]]] = {
    "funnel": (("module", "resource", "title", "type", *health.Step._fields[2:]), _funnel),
    "waiting": (_WAITS, _waits),
    "quizzes": (("quiz", "title", *health.QuizFigures._fields[1:]), _quizzes),
}
