"""The address of a preview."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from aibc.database.pool import Record
from aibc.database.queries import load_queries
from aibc.errors import AibcError
from aibc.http.access import Public
from aibc.http.context import AppState, StateDep
from aibc.submissions.errors import SubmissionNotFound
from aibc.web import assets
from aibc.web.previews import frames
from aibc.web.previews.desk import PreviewDesk
from aibc.web.previews.links import verify_token

_VIEWER_PATH = f"{assets.PREFIX}/pdfjs/"

_PREVIEWED_FILES = load_queries(__package__)["previewed_files"]

router = APIRouter(dependencies=[Public], include_in_schema=False)


@router.get("/preview/{token}")
async def show_preview(token: str, request: Request, state: StateDep) -> Response:
    """One file, or the difference between two, to whom the link was made for."""
    desk: PreviewDesk = request.app.state.previews
    try:
        files = await _files(state, token)
        if len(files) == 2:
            return await desk.compare(state.store, *files)
        return await desk.show(state.store, files[0], _script_sources(request, state))
    except AibcError as error:  # inside a frame a sentence has to be a page
        return frames.refusal(error)


async def _files(state: AppState, token: str) -> list[Record]:
    """The files that a link shows right now. Raises LinkInvalid and SubmissionNotFound."""
    link = verify_token(state.settings, token)
    rows = await state.database.fetch(_PREVIEWED_FILES, link.viewer_id, link.submission_ids)
    link.require_alive(rows[0]["moment"])
    if rows[0]["object_key"] is None:
        raise SubmissionNotFound
    return rows


def _script_sources(request: Request, state: AppState) -> tuple[str, ...]:
    """Our viewer, under the name the browser used and under our public one.

    `'self'` would not do: it lets in every script we have, and what it means in a frame without an
    origin is left to browsers.
    """
    hosts = {request.headers["host"], urlsplit(state.settings.server.public_url).netloc}
    return tuple(f"{host}{_VIEWER_PATH}" for host in sorted(hosts))


def mount(app: FastAPI) -> None:
    """Have a desk where previews are made."""
    app.state.previews = PreviewDesk()
