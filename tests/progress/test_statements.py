"""What one request costs in statements."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import asyncpg
import httpx
import pytest

from aibc.database import pool
from progress.conftest import Course
from progress.learner_calls import complete, report, start, uncomplete

# A request runs in the context of the test that sends it, the service's own jobs in another.
_sent: ContextVar[list[str] | None] = ContextVar("_sent", default=None)


def _listen(logged: Any) -> None:
    statements = _sent.get()
    if statements is not None:
        statements.append(logged.query)


@pytest.fixture(autouse=True)
def listening_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every connection of a pool opened from now on tells which statements it sends."""
    prepare: Callable[[asyncpg.Connection[Any]], Awaitable[None]] = pool._prepare_connection

    async def prepare_and_listen(connection: asyncpg.Connection[Any]) -> None:
        await prepare(connection)
        connection.add_query_logger(_listen)

    monkeypatch.setattr(pool, "_prepare_connection", prepare_and_listen)


async def statements_of(request: Awaitable[httpx.Response], *, status: int = 200) -> int:
    """How many statements a request sends that is answered so."""
    statements: list[str] = []
    token = _sent.set(statements)
    try:
        assert (await request).status_code == status
        await asyncio.sleep(0)  # the driver tells of a statement in the turn after
    finally:
        _sent.reset(token)
    return len(statements)


async def test_a_hot_read_is_one_statement(client: httpx.AsyncClient, course: Course) -> None:
    await start(client, course.video)
    for path in (
        f"/api/v1/resources/pathways/{course.pathway}/resources",
        f"/api/v1/resources/modules/{course.module}/resources-with-progress",
        f"/api/v1/resources/users/me/resources/{course.video}/progress",
        f"/api/v1/progress/pathways/{course.pathway}",
        "/api/v1/progress/user/dashboard",
        "/api/v1/progress/pathways",
    ):
        tag = (await client.get(path)).headers["etag"]  # the first loads the catalog
        assert await statements_of(client.get(path)) == 1
        known = client.get(path, headers={"If-None-Match": tag})
        assert await statements_of(known, status=304) == 1


async def test_a_hot_write_is_one_statement(client: httpx.AsyncClient, course: Course) -> None:
    for act in (start, report, complete):
        assert await statements_of(act(client, course.video)) == 1


async def test_another_write_is_the_callers_row_and_one_call(
    client: httpx.AsyncClient, course: Course
) -> None:
    await complete(client, course.video)
    assert await statements_of(uncomplete(client, course.video)) == 2
