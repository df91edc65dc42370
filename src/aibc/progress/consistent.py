"""One statement and the catalog it belongs to, for every hot read of this slice.

The statement reads the caller, the version of the catalog and the learner's rows at one moment;
the snapshot of exactly that version supplies the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from aibc.accounts.actors import Actor, admit
from aibc.catalog.snapshot import CatalogCache, CatalogSnapshot
from aibc.database.pool import Record
from aibc.database.queries import load_queries
from aibc.http.access import Caller
from aibc.http.context import get_state
from aibc.progress.documents import JSON_MEDIA_TYPE
from aibc.progress.errors import CatalogKeepsChanging

READS = load_queries(__package__, "reads.sql")

_MAX_TRIES = 5
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Origin"}


async def read_consistently(
    request: Request, caller: Caller, statement: str, *subject: str
) -> tuple[Actor, CatalogSnapshot, Sequence[Record]]:
    """The admitted caller, and snapshot and rows (one at least) of one version of the catalog."""
    state = get_state(request)
    cache: CatalogCache = state.catalog
    for _ in range(_MAX_TRIES):
        rows = await state.database.fetch(statement, caller.session_id, caller.user_id, *subject)
        actor = admit(caller, rows[0] if rows else None)
        catalog = await cache.at(rows[0]["catalog_version"])
        if catalog.version == rows[0]["catalog_version"]:
            return actor, catalog, rows
    raise CatalogKeepsChanging


def hot_answer(body: bytes) -> Response:
    """The answer of a hot read: for its caller alone, and asked for anew each time."""
    return Response(body, headers=_HEADERS, media_type=JSON_MEDIA_TYPE)
