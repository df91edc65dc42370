"""How much every page asks of the database: a handful of statements, however much there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from aibc.app import Application, create_app
from aibc.catalog.importer import import_documents
from aibc.catalog.loader import load_catalog
from aibc.database import pool
from aibc.settings import Settings
from fixtures.application import client_of
from fixtures.browsers import browser_of, form_token, open_page
from fixtures.catalog import Connection
from fixtures.every_page import addresses
from fixtures.history import History, live_through
from repository.test_access import ADMIN_PAGES, LEARNER_PAGES, PUBLIC, STAFF_PAGES

MOST_STATEMENTS = 8
CATALOG = Path(__file__).parents[2] / "catalog"


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that the application made after this sends to its database."""
    sent: list[str] = []
    prepare = pool._prepare_connection

    async def listen(connection: asyncpg.Connection[Any]) -> None:
        await prepare(connection)
        connection.add_query_logger(lambda query: sent.append(query.query))

    monkeypatch.setattr(pool, "_prepare_connection", listen)
    return sent


@pytest.fixture
async def lived_in(
    settings: Settings, statements: list[str], connection: Connection
) -> AsyncIterator[tuple[Application, History]]:
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        await import_documents(application.state.aibc.database, load_catalog(CATALOG))
        yield application, await live_through(lambda: client_of(application), connection)


async def test_every_page_asks_the_database_a_handful_of_times(
    lived_in: tuple[Application, History], statements: list[str], connection: Connection
) -> None:
    application, history = lived_in
    visitors = {
        None: PUBLIC,
        history.learner: LEARNER_PAGES,
        history.instructor: STAFF_PAGES,
        history.admin: ADMIN_PAGES,
    }
    counted = {}
    for user, routes in visitors.items():
        async with browser_of(application) as browser:
            if user:
                token = await open_page(connection, application, user)
                browser.cookies.set("aibc_session", token)
            more = {"draft_id": [await a_draft(browser)]} if user == history.admin else {}
            for address in addresses(routes, history, more):
                statements.clear()
                response = await browser.get(address)
                await asyncio.sleep(0)  # a statement is told of when the loop comes round
                assert response.status_code < 400, f"{address}: {response.text[:300]}"
                counted[address] = [one for one in statements if not is_bracket(one)]
    assert counted["/account"] != []
    assert counted["/problems/not_found"] == []
    greedy = {page: asked for page, asked in counted.items() if len(asked) > MOST_STATEMENTS}
    assert greedy == {}


def is_bracket(statement: str) -> bool:
    return statement.startswith(("BEGIN", "COMMIT", "ROLLBACK"))


async def a_draft(browser: httpx.AsyncClient) -> str:
    page = "/admin/catalog"
    export = await browser.get(f"{page}/export")
    response = await browser.post(
        f"{page}/drafts",
        data={"form_token": form_token(await browser.get(page))},
        files={"files": ("catalog.zip", export.content)},
    )
    return response.headers["location"].rpartition("/")[2]
