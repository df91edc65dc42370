"""The first page after signing in: what to do next, and how far everything is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from aibc.catalog.snapshot import CatalogSnapshot, Module, Pathway, Resource
from aibc.database.pool import Record
from aibc.http.context import AppState, StateDep
from aibc.progress.documents import Document
from aibc.progress.overview_reads import read_overview
from aibc.progress.standing import (
    PathwayStanding,
    list_open_files,
    list_returned_modules,
    stand_on_pathway,
)
from aibc.web.templating import render
from aibc.web.visitors import PageLearner, Visitor

router = APIRouter(include_in_schema=False)

_LOOKED_AT = 5
_SHOWN_GOALS = 3
_FROM_NEAR_TO_FAR = (
    "resources_completed",
    "quizzes_passed",
    "files_handed_in",
    "submissions_passed",
    "modules_approved",
    "streak_days",
    "hours_on_one_pathway",
)


@dataclass(frozen=True)
class Card:
    """A pathway on the dashboard; `progress` is None where it was never touched."""

    pathway: Pathway
    progress: Document | None


@dataclass(frozen=True)
class Returned:
    """Something that needs another try."""

    subject: Resource | Module
    comments: str | None
    decided_at: Any
    can_retry: bool


@router.get("/dashboard")
async def show_dashboard(visitor: PageLearner, state: StateDep) -> Response:
    """Continue where you were; what came back, what waits; pathways, streak, achievements."""
    overview, catalog = await read_overview(state, visitor.actor)
    started = overview.summary()["pathway_progress"]
    open_files = await list_open_files(state.database, visitor.user_id)
    returned_modules = await list_returned_modules(state.database, visitor.user_id)
    return render(
        visitor,
        "learner/dashboard.html",
        standing=await _where_to_go_on(state, visitor, started),
        cards=_cards(catalog, started),
        in_preparation=_in_preparation(catalog, started),
        returned=[*_returned_files(catalog, open_files), *_of_modules(catalog, returned_modules)],
        waiting=[
            (catalog.resource_by_id[file["resource_id"]], file)
            for file in open_files
            if file["submission_status"] == "uploaded" and _is_live(catalog, file["resource_id"])
        ],
        summary=overview.summary(),
        earned=overview.earned_achievements(),
        goals=_goals(overview.achievements()),
    )


async def _where_to_go_on(
    state: AppState, visitor: Visitor, started: list[Document]
) -> PathwayStanding | None:
    """The pathway of the last visit that has something left to do."""
    latest = sorted(started, key=lambda one: one["last_accessed_at"], reverse=True)
    for progress in latest[:_LOOKED_AT]:
        standing = await stand_on_pathway(
            state.database, state.catalog, visitor.user_id, progress["pathway_id"]
        )
        if standing.next_step:
            return standing
    return None


def _cards(catalog: CatalogSnapshot, started: list[Document]) -> list[Card]:
    """Started ones first, the latest of them first; then those with modules, in their order."""
    by_pathway = {one["pathway_id"]: one for one in started}
    cards = [Card(one, by_pathway.get(one.id)) for one in catalog.pathways]
    mine = [card for card in cards if card.progress]
    mine.sort(key=lambda card: (card.progress or {})["last_accessed_at"], reverse=True)
    return mine + [card for card in cards if not card.progress and card.pathway.modules]


def _in_preparation(catalog: CatalogSnapshot, started: list[Document]) -> list[Pathway]:
    """Pathways without a module yet."""
    touched = {one["pathway_id"] for one in started}
    return [one for one in catalog.pathways if not one.modules and one.id not in touched]


def _is_live(catalog: CatalogSnapshot, resource_id: str) -> bool:
    resource = catalog.resource_by_id.get(resource_id)
    return resource is not None and resource.is_live


def _returned_files(catalog: CatalogSnapshot, files: Iterable[Record]) -> Iterable[Returned]:
    for file in files:
        if file["submission_status"] == "rejected" and _is_live(catalog, file["resource_id"]):
            resource = catalog.resource_by_id[file["resource_id"]]
            yield Returned(
                resource,
                file["review_comments"],
                file["reviewed_at"],
                resource.allow_resubmission,
            )


def _of_modules(catalog: CatalogSnapshot, rows: Iterable[Record]) -> Iterable[Returned]:
    for row in rows:
        module = catalog.module_by_id.get(row["module_id"])
        if module is not None and module.is_live:
            yield Returned(module, row["review_comments"], row["reviewed_at"], True)


def _goals(achievements: list[Any]) -> list[Any]:
    """The next one of each kind that is not earned yet, the nearest first."""
    goals: dict[str, Any] = {}
    for one in achievements:
        if not one["earned"]:
            goals.setdefault(one["requirement_type"], one)
    return sorted(goals.values(), key=_distance)[:_SHOWN_GOALS]


def _distance(goal: Any) -> tuple[int, int]:
    kind = goal["requirement_type"]
    way = _FROM_NEAR_TO_FAR.index(kind) if kind in _FROM_NEAR_TO_FAR else len(_FROM_NEAR_TO_FAR)
    return goal["requirement_value"], way
