"""The description of the API: the document itself, and two pages that show it.

Both viewers are served from here, so the pages work offline and no third party sees their readers.
"""

from __future__ import annotations

from pathlib import Path

import orjson
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from aibc.http.access import Public
from aibc.http.static_files import shared_files

_HERE = Path(__file__).parent

# The viewers set style attributes and style elements while they draw; nothing of theirs needs
# another origin or an inline script.
VIEWER_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)

router = APIRouter(dependencies=[Public], include_in_schema=False)


@router.get("/docs")
async def show_interactive_description() -> Response:
    return _page("docs.html")


@router.get("/redoc")
async def show_reference() -> Response:
    return _page("redoc.html")


@router.get("/openapi.json")
async def read_description(request: Request) -> Response:
    return Response(orjson.dumps(request.app.openapi()), media_type="application/json")


def mount(app: FastAPI) -> None:
    """Serve the viewers' files."""
    app.mount("/static/api", shared_files(_HERE / "static"))


def _page(name: str) -> Response:
    html = (_HERE / "pages" / name).read_bytes()
    headers = {"Content-Security-Policy": VIEWER_POLICY, "Cache-Control": "no-cache"}
    return Response(html, media_type="text/html", headers=headers)
