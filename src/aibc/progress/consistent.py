"""One statement and the catalog it belongs to, for every hot read of this slice.

The statement reads the caller, the version of the catalog, the learner's version and the learner's
rows at one moment; the snapshot of exactly that version of the catalog supplies the rest. A caller
who has an answer already costs one row, and the rows only if that answer is not the newest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from aibc.accounts.actors import Actor, admit
from aibc.catalog.snapshot import CatalogCache, CatalogSnapshot
from aibc.database.pool import Record
from aibc.database.queries import load_queries
from aibc.http import conditional
from aibc.http.access import Caller
from aibc.http.answers import Answer
from aibc.http.context import AppState, get_state
from aibc.progress.errors import CatalogKeepsChanging

READS = load_queries(__package__, "reads.sql")

_MAX_TRIES = 5

# Writes the bytes from the rows, for what a route is about: a pathway's id, or nothing.
Writer = Callable[..., bytes]


@dataclass(frozen=True)
class HotStatements:
    """What a hot read asks: for everything, or for the versions alone."""

    data: str
    version: str


def hot_statements(data: str, version: str) -> HotStatements:
    """By their names in reads.sql."""
    return HotStatements(READS[data], READS[version])


async def conditional_read(
    request: Request, caller: Caller, statements: HotStatements, write: Writer, *subject: str
) -> Answer:
    """What `write(actor, catalog, rows, *subject)` makes of the rows; 304 to who has it already."""
    state = get_state(request)
    if conditional.asks_whether_changed(request):
        row = await state.database.fetch_row(
            statements.version, caller.session_id, caller.user_id, *subject, repeatable=True
        )
        tag = _tag(request, state, admit(caller, row), row)
        if conditional.has(request, tag):
            return conditional.not_modified(tag)
    actor, catalog, rows = await read_consistently(state, caller, statements.data, *subject)
    body = write(actor, catalog, rows, *subject)
    return conditional.answer(request, _tag(request, state, actor, rows[0]), body)


async def read_consistently(
    state: AppState, caller: Caller, statement: str, *subject: str
) -> tuple[Actor, CatalogSnapshot, Sequence[Record]]:
    """The admitted caller, and snapshot and rows (one at least) of one version of the catalog."""
    cache: CatalogCache = state.catalog
    for _ in range(_MAX_TRIES):
        rows = await state.database.fetch(
            statement, caller.session_id, caller.user_id, *subject, repeatable=True
        )
        actor = admit(caller, rows[0] if rows else None)
        catalog = await cache.at(rows[0]["catalog_version"])
        if catalog.version == rows[0]["catalog_version"]:
            return actor, catalog, rows
    raise CatalogKeepsChanging


def _tag(request: Request, state: AppState, actor: Actor, row: Record | None) -> str:
    assert row is not None, "somebody without a row is not admitted"  # noqa: S101
    return conditional.entity_tag(
        request,
        actor.user_id,
        actor.role,
        state.settings.quizzes.grading,
        row["catalog_version"],
        row["learner_version"],
    )
