"""Pathway health: how far learners get, who is stuck, how long work waits, how quizzes do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from aibc.catalog.snapshot import CatalogCache, CatalogSnapshot
from aibc.http.context import DatabaseDep, StateDep
from aibc.reviews import health
from aibc.reviews.quizzes import statistics
from aibc.web.health.charts import wait_bars
from aibc.web.templating import render
from aibc.web.visitors import PageStaff

router = APIRouter(prefix="/health-of-pathways", include_in_schema=False)

CHOICES_OF_DAYS = (7, 14, 30, 90)


async def current_catalog(state: StateDep) -> CatalogSnapshot:
    cache: CatalogCache = state.catalog
    return await cache.current()


CatalogDep = Annotated[CatalogSnapshot, Depends(current_catalog)]


def offered(days: int) -> int:
    """The number of days that was asked for, if the page offers it."""
    return days if days in CHOICES_OF_DAYS else health.STUCK_DAYS


@router.get("")
async def show_overview(visitor: PageStaff, database: DatabaseDep, catalog: CatalogDep) -> Response:
    """All pathways beside each other."""
    last_days, *weeks = await health.read_waits(database, None)
    return render(
        visitor,
        "health/overview.html",
        figures=await health.read_overview(database, catalog),
        days=health.STUCK_DAYS,
        last_days=last_days,
        weeks=weeks,
        bars=wait_bars(weeks),
    )


@router.get("/{slug}")
async def show_pathway(
    visitor: PageStaff,
    database: DatabaseDep,
    catalog: CatalogDep,
    slug: str,
    days: int = health.STUCK_DAYS,
) -> Response:
    """One pathway in all its tables."""
    pathway = catalog.live_pathway(slug)
    found = await health.read_health(database, pathway, offered(days))
    return render(
        visitor,
        "health/pathway.html",
        health=found,
        pathway=pathway,
        modules=catalog.module_by_id,
        days=offered(days),
        choices=CHOICES_OF_DAYS,
        bars=wait_bars(found.weeks),
    )


@router.get("/{slug}/quizzes/{resource_id}")
async def show_quiz(
    visitor: PageStaff, database: DatabaseDep, catalog: CatalogDep, slug: str, resource_id: str
) -> Response:
    """The questions of one quiz, the suspicious ones first."""
    pathway = catalog.live_pathway(slug)
    quiz = await statistics(database, catalog.live_resource(resource_id).id, "all")
    numbered = [{**one, "number": place} for place, one in enumerate(quiz["questions"], start=1)]
    return render(
        visitor,
        "health/quiz.html",
        pathway=pathway,
        quiz=quiz,
        questions=sorted(numbered, key=lambda one: not one["flagged"]),
    )
