"""What there is to learn, the same for every learner."""

from __future__ import annotations

from starlette.requests import Request

from aibc.accounts.actors import Actor, Learner, admit
from aibc.catalog.importer import QUERIES
from aibc.catalog.schemas import PathwaySummary, Resource
from aibc.catalog.snapshot import CatalogCache, CatalogSnapshot
from aibc.http import conditional
from aibc.http.access import Caller
from aibc.http.answers import Answer
from aibc.http.context import get_state
from aibc.http.hot import HotRoutes
from aibc.http.openapi import problems

_CALLER = QUERIES["read_caller_and_version"]

resources = HotRoutes("/api/v1/resources", ["resources"])
pathways = HotRoutes("/api/v1/progress", ["progress"])


@pathways.get(
    "/pathways",
    actor=Learner,
    response_model=list[PathwaySummary],
    summary="All pathways",
)
async def list_pathways(request: Request, caller: Caller) -> Answer:
    """The live pathways in their order."""
    actor, catalog = await _read(request, caller)
    return conditional.answer(request, _tag(request, actor, catalog), catalog.pathway_list)


@resources.get(
    "/modules/{module_id}/resources",
    actor=Learner,
    response_model=list[Resource],
    summary="All resources of a module",
    responses=problems(404),
)
async def list_module_resources(request: Request, caller: Caller) -> Answer:
    """The module's live resources in order, without anybody's progress."""
    actor, catalog = await _read(request, caller)
    module = catalog.live_module(request.path_params["module_id"])
    views = [one.json.seen_by(staff=actor.is_staff) for one in module.resources]
    body = b"[" + b",".join(views) + b"]"
    return conditional.answer(request, _tag(request, actor, catalog), body)


async def _read(request: Request, caller: Caller) -> tuple[Actor, CatalogSnapshot]:
    """The admitted caller and the catalog as it stands."""
    state = get_state(request)
    row = await state.database.fetch_row(
        _CALLER, caller.session_id, caller.user_id, repeatable=True
    )
    actor = admit(caller, row)
    cache: CatalogCache = state.catalog
    return actor, await cache.at(row["catalog_version"] if row else 0)


def _tag(request: Request, actor: Actor, catalog: CatalogSnapshot) -> str:
    return conditional.entity_tag(request, actor.user_id, actor.role, catalog.version)
