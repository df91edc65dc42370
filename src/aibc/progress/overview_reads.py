"""Hot reads of a learner across all pathways: each is one statement, and the same one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request

from aibc.accounts.actors import Actor, Learner
from aibc.catalog.snapshot import CatalogCache, CatalogSnapshot
from aibc.database.pool import Record
from aibc.http.access import Caller
from aibc.http.answers import Answer
from aibc.http.context import AppState
from aibc.http.errors import SessionEnded
from aibc.http.hot import HotRoutes
from aibc.progress.consistent import conditional_read, hot_statements
from aibc.progress.documents import dumps
from aibc.progress.overview import Overview
from aibc.progress.overview_schemas import (
    Achievement,
    Dashboard,
    EarnedAchievement,
    Everything,
    Streak,
    Summary,
)

_OVERVIEW = hot_statements("read_overview", "overview_version")

hot = HotRoutes("/api/v1/progress", ["progress"])


@hot.get("/user/summary", actor=Learner, response_model=Summary, summary="Your totals")
async def read_summary(request: Request, caller: Caller) -> Answer:
    """Across all live pathways, with your progress on each that you have touched."""
    return await _read(request, caller, Overview.summary)


@hot.get("/user/dashboard", actor=Learner, response_model=Dashboard, summary="Your dashboard")
async def read_dashboard(request: Request, caller: Caller) -> Answer:
    """Every pathway with your percentage, your totals, streak and newest achievements."""
    return await _read(request, caller, Overview.dashboard)


@hot.get(
    "/user/dashboard-optimized",
    actor=Learner,
    response_model=Everything,
    summary="Dashboard, summary, achievements and streak at once",
)
async def read_everything(request: Request, caller: Caller) -> Answer:
    """What a client would otherwise ask for in five calls."""
    return await _read(request, caller, Overview.everything)


@hot.get(
    "/achievements", actor=Learner, response_model=list[Achievement], summary="All achievements"
)
async def read_achievements(request: Request, caller: Caller) -> Answer:
    """What each takes, and whether you have earned it."""
    return await _read(request, caller, Overview.achievements)


@hot.get(
    "/achievements/user",
    actor=Learner,
    response_model=list[EarnedAchievement],
    summary="Your achievements",
)
async def read_earned_achievements(request: Request, caller: Caller) -> Answer:
    """Those you have earned, the newest first. None is ever taken back."""
    return await _read(request, caller, Overview.earned_achievements)


@hot.get("/streak", actor=Learner, response_model=Streak, summary="Your streak")
async def read_streak(request: Request, caller: Caller) -> Answer:
    """Days (UTC) in a row on which you did something."""
    return await _read(request, caller, Overview.streak)


async def _read(request: Request, caller: Caller, part: Callable[[Overview], object]) -> Answer:
    def write(actor: Actor, catalog: CatalogSnapshot, rows: Sequence[Record]) -> bytes:
        return dumps(part(Overview(actor.user_id, catalog, rows)))

    return await conditional_read(request, caller, _OVERVIEW, write)


async def read_overview(state: AppState, actor: Actor) -> tuple[Overview, CatalogSnapshot]:
    """The same for a page, whose visitor is admitted already. Raises SessionEnded."""
    rows = await state.database.fetch(_OVERVIEW.data, actor.session_id, actor.user_id)
    if not rows:
        raise SessionEnded
    cache: CatalogCache = state.catalog
    catalog = await cache.at(rows[0]["catalog_version"])
    return Overview(actor.user_id, catalog, rows), catalog
