"""A pathway as a path of modules, a module, and why a figure is what it is."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.catalog.snapshot import CatalogCache
from aibc.errors import AibcError
from aibc.http.context import AppState, StateDep
from aibc.progress import pathways
from aibc.progress.explanation import explain
from aibc.progress.schemas import HandInRequest
from aibc.progress.standing import ModuleStanding, PathwayStanding, stand_on_pathway
from aibc.web.forms import read_form
from aibc.web.templating import render
from aibc.web.visitors import PageLearner, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/pathways/{slug}")
async def show_pathway(slug: str, visitor: PageLearner, state: StateDep) -> Response:
    """Its modules in order, each with where you are in it."""
    standing = await stand_on_pathway(state.database, state.catalog, visitor.user_id, slug)
    return render(visitor, "learner/pathway.html", standing=standing)


@router.get("/pathways/{slug}/why")
async def explain_figures(slug: str, visitor: PageLearner, state: StateDep) -> Response:
    """Every resource with whether it counts, and the sums they make."""
    async with state.database.connection() as connection:
        explanation = await explain(
            connection, visitor.user_id, slug, shows_hidden=visitor.is_staff
        )
    return render(visitor, "learner/why.html", slug=slug, why=explanation)


@router.get("/modules/{module_id}")
async def show_module(module_id: str, visitor: PageLearner, state: StateDep) -> Response:
    """Its resources in order, each with its state."""
    standing, module = await stand_on_module(state, visitor, module_id)
    return render(visitor, "learner/module.html", standing=standing, module=module, refusal=None)


@router.post("/modules/{module_id}/hand-in")
async def hand_in_module(
    module_id: str, request: Request, visitor: PageLearner, state: StateDep
) -> Response:
    """For a module that is not handed in by its resources, or came back as a whole."""
    await read_form(request, visitor)
    standing, module = await stand_on_module(state, visitor, module_id)
    try:
        sent = HandInRequest(module_id=module_id, pathway_id=standing.pathway.id)
        await pathways.hand_in(state.database, visitor.user_id, sent)
    except AibcError as error:
        return render(
            visitor,
            "learner/module.html",
            status=error.status,
            standing=standing,
            module=module,
            refusal=error.detail,
        )
    return RedirectResponse(f"/modules/{module_id}?notice=module-handed-in", 303)


async def stand_on_module(
    state: AppState, visitor: Visitor, module_id: str
) -> tuple[PathwayStanding, ModuleStanding]:
    """The visitor in the module and on its pathway. Raises ModuleNotFound."""
    cache: CatalogCache = state.catalog
    pathway_id = (await cache.current()).live_module(module_id).pathway_id
    standing = await stand_on_pathway(state.database, cache, visitor.user_id, pathway_id)
    return standing, standing.module(module_id)
