"""The pages' own files: styles, scripts, fonts, pictures. Compressed once, cached for good.

A page names a file by `url("site.css")`, which carries a digest of the content: browsers keep the
file until it changes, and ask again only for names without a digest. A script that writes
`import … from "./app.js"` is sent with that address in its place, so that it gets the very module
the page has loaded.
"""

from __future__ import annotations

import gzip
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aibc.http.access import PUBLIC, marks_access
from aibc.http.errors import MethodNotAllowed, RouteNotFound

DIRECTORY = Path(__file__).parent / "static"
PREFIX = "/static"

FOR_GOOD = "public, max-age=31536000, immutable"
FOR_MINUTES = "public, max-age=300"
_OWN_IMPORT = re.compile(rb'(?<=from "\./)[a-z_]+\.js(?=";)')
_COMPRESSIBLE = ("text/", "application/json", "application/javascript", "image/svg+xml")


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    compressed: bytes | None
    media_type: str
    digest: str


@cache
def load(name: str) -> Asset:
    """The file below `static/`. Raises RouteNotFound for anything else."""
    if name not in _names(DIRECTORY):
        raise RouteNotFound
    path = DIRECTORY / name
    media_type = _media_type(path)
    content = path.read_bytes()
    if path.parent == DIRECTORY and media_type == "text/javascript":
        content = _OWN_IMPORT.sub(_with_digest, content)
    worthwhile = media_type.startswith(_COMPRESSIBLE) and len(content) > 512
    compressed = gzip.compress(content, 9, mtime=0) if worthwhile else None
    return Asset(content, compressed, media_type, sha256(content).hexdigest()[:16])


@cache
def _names(directory: Path) -> frozenset[str]:
    """Each file under its one name: what is kept for good must not be asked for under many."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return frozenset(path.relative_to(directory).as_posix() for path in files)


def url(name: str) -> str:
    """The address of a file, changing with its content."""
    return f"{PREFIX}/{name}?v={load(name).digest}"


def _with_digest(name: re.Match[bytes]) -> bytes:
    imported = name[0].decode()
    return f"{imported}?v={load(imported).digest}".encode()


def _media_type(path: Path) -> str:
    if path.suffix in (".js", ".mjs"):
        return "text/javascript"
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


@marks_access(PUBLIC)
class Assets:
    """The files as an ASGI app, mounted at `PREFIX`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
        name = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        await _answer(load(name), scope)(scope, receive, send)


def _answer(asset: Asset, scope: Scope) -> Response:
    sent = Headers(scope=scope)
    tag = f'"{asset.digest}"'
    is_current = QueryParams(scope["query_string"]).get("v") == asset.digest
    headers = {
        "Cache-Control": FOR_GOOD if is_current else FOR_MINUTES,
        "ETag": tag,
        "Vary": "Accept-Encoding",
        # Frames of an opaque origin, such as previews, may load them too.
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if sent.get("origin") == "null":  # such a frame loads scripts as another site would
        headers["Access-Control-Allow-Origin"] = "null"
    if tag in sent.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = asset.content
    if asset.compressed is not None and "gzip" in sent.get("accept-encoding", ""):
        content = asset.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=asset.media_type)
