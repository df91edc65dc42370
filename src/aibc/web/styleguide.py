"""Every component of the pages in every state, on one page."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from aibc.catalog.snapshot import CatalogCache
from aibc.http.access import Public
from aibc.http.context import StateDep
from aibc.web.icons import ICONS
from aibc.web.templating import render
from aibc.web.visitors import Guest

router = APIRouter(dependencies=[Public], include_in_schema=False)


@router.get("/styleguide")
async def show_styleguide(visitor: Guest, state: StateDep) -> Response:
    """For whoever builds a page: copy from here."""
    cache: CatalogCache = state.catalog
    catalog = await cache.current()
    return render(visitor, "styleguide.html", icons=sorted(ICONS), pathways=catalog.pathways)
