"""Files that are the same for everybody: styles, scripts, pictures."""

from __future__ import annotations

from pathlib import Path

from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from aibc.http.access import PUBLIC, marks_access

CACHE_CONTROL = b"public, max-age=300"


class SharedFiles:
    """A directory of public files; browsers ask again after five minutes, by their ETag."""

    def __init__(self, directory: Path) -> None:
        self._files = StaticFiles(directory=directory)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def cacheable(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 304):
                headers = list(message["headers"])  # type: ignore[call-overload]
                message["headers"] = [*headers, (b"cache-control", CACHE_CONTROL)]
            await send(message)

        await self._files(scope, receive, cacheable)  # type: ignore[arg-type]


def shared_files(directory: Path) -> SharedFiles:
    """The directory as an ASGI app that names itself public."""
    return marks_access(PUBLIC)(SharedFiles(directory))
