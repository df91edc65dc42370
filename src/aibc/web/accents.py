"""One colour per pathway as a stylesheet, since pages carry no inline styles."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from aibc.catalog.snapshot import CatalogCache, CatalogSnapshot
from aibc.http.access import Public
from aibc.http.context import StateDep

router = APIRouter(dependencies=[Public], include_in_schema=False)


@router.get("/accents.css")
async def read_accents(request: Request, state: StateDep) -> Response:
    """`data-pathway` on an element gives everything in it the colour of that pathway."""
    cache: CatalogCache = state.catalog
    catalog = await cache.current()
    tag = f'"catalog-{catalog.version}"'
    headers = {"Cache-Control": "public, max-age=60", "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(stylesheet(catalog), headers=headers, media_type="text/css")


def stylesheet(catalog: CatalogSnapshot) -> str:
    """A rule for each pathway. Slugs and colours are checked where they are stored."""
    return "".join(
        f'[data-pathway="{pathway.id}"]{{--accent:{pathway.accent}}}\n'
        for pathway in catalog.pathways
    )
