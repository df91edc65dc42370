"""What a hot write costs, counted by PostgreSQL itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx
import pytest

from fixtures.people import PASSWORD
from fixtures.server import LiveServer

MINE = "/api/v1/resources/users/me/resources/techniques-patterns-r1"
# With how many statements each sends.
WRITES = (
    ("POST", "/start", None, 1),
    ("PUT", "/progress", {"progress_percentage": 40, "time_spent_minutes": 3}, 1),
    ("POST", "/complete", None, 1),
    ("DELETE", "/complete", None, 2),
)
SENT = re.compile(r"LOG:  (?:execute [^:]*|statement): (?:--.*\n\s*)*(.*)")


@pytest.fixture
def furnished(make_server: Callable[..., LiveServer]) -> LiveServer:
    """A first start: embedded database, sample catalog, demo accounts."""
    return make_server().start()


async def test_the_servers_own_log_shows_one_statement_for_each_hot_write(
    furnished: LiveServer,
) -> None:
    lock = json.loads((furnished.data_directory / "lock").read_text(encoding="utf-8"))
    observer = await asyncpg.connect(lock["database_url"])
    log = furnished.data_directory / "postgres.log"
    async with httpx.AsyncClient(base_url=furnished.url, timeout=60) as api:
        form = {"username": "learner@example.com", "password": PASSWORD}
        token = (await api.post("/api/v1/auth/login", data=form)).json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        # Once unheard: the first statements of a connection are about its types.
        for method, act, body, _ in WRITES:
            await api.request(method, f"{MINE}{act}", json=body)
        for method, act, body, statements in WRITES:
            await observer.execute("ALTER SYSTEM SET log_statement = 'all'")
            await observer.execute("SELECT pg_reload_conf()")
            await _until_logging(observer, log)
            before = log.stat().st_size
            answer = await api.request(method, f"{MINE}{act}", json=body)
            assert answer.status_code == 200
            await observer.execute("ALTER SYSTEM RESET log_statement")
            sent = [
                statement
                for statement in SENT.findall(log.read_bytes()[before:].decode())
                if not statement.startswith("ALTER SYSTEM")
            ]
            assert len(sent) == statements, sent
    await observer.close()


async def _until_logging(observer: asyncpg.Connection[asyncpg.Record], log: Path) -> None:
    """A reload reaches each connection when it next looks up; ours has when it logs itself."""
    for attempt in range(1000):
        await observer.execute(f"SELECT 'is it heard {attempt}'")
        if f"is it heard {attempt}" in log.read_text(encoding="utf-8"):
            return
    raise AssertionError("the server did not begin to log statements")
