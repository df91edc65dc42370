"""The address of a preview, and the files that draw PDFs in it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aibc.database.pool import Record
from aibc.database.queries import load_queries
from aibc.errors import AibcError
from aibc.http.access import PUBLIC, Public, marks_access
from aibc.http.context import AppState, StateDep
from aibc.http.static_files import shared_files
from aibc.submissions.errors import SubmissionNotFound
from aibc.web.previews import frames
from aibc.web.previews.desk import PreviewDesk
from aibc.web.previews.links import verify_token

VIEWER_PATH = "/static/pdfjs"

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
    return tuple(f"{host}{VIEWER_PATH}/" for host in sorted(hosts))


def mount(app: FastAPI) -> None:
    """Serve the viewer's files, and have a desk where previews are made."""
    app.state.previews = PreviewDesk()
    files = shared_files(Path(__file__).parent / "pdfjs")
    app.mount(VIEWER_PATH, marks_access(PUBLIC)(FilesForFrames(files)))


class FilesForFrames:
    """Lets a frame without an origin load our scripts, as any page of ours may."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                allowed = (b"access-control-allow-origin", b"null")
                message["headers"] = [*message["headers"], allowed]
            await send(message)

        is_frame = Headers(scope=scope).get("origin") == "null"
        await self._app(scope, receive, readable if is_frame else send)
