"""What instructors do on the pages, in words."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from uuid import UUID

import httpx

from fixtures.browsers import send_form
from fixtures.catalog import Connection


async def read(browser: httpx.AsyncClient, path: str) -> str:
    """A page as its reader sees it: the source with its characters written out."""
    page = await browser.get(path)
    assert page.status_code == 200, page.text
    return unescape(page.text)


async def decide(
    browser: httpx.AsyncClient, submission: UUID, verdict: str, comments: str = "", **more: str
) -> httpx.Response:
    """Send the desk's form; `query` goes into the address."""
    query = more.pop("query", "")
    return await send_form(
        browser,
        "/review",
        f"/review/{submission}/decision{query}",
        verdict=verdict,
        review_comments=comments,
        **more,
    )


async def undo(browser: httpx.AsyncClient, submission: UUID) -> httpx.Response:
    return await send_form(browser, "/review", f"/review/{submission}/undo")


async def start(browser: httpx.AsyncClient, query: str = "") -> str:
    """Start reviewing, or go on; where that leads."""
    response = await send_form(browser, "/review", f"/review/next{query}")
    assert response.status_code == 303, response.text
    return response.headers["location"]


async def claim(browser: httpx.AsyncClient, submission: UUID) -> str:
    """What an open desk does by itself; the sentence it shows."""
    response = await send_form(browser, "/review", f"/review/{submission}/claim")
    assert response.status_code == 200, response.text
    return unescape(response.text)


async def backdate(
    connection: Connection, submission: UUID, column: str, interval: timedelta
) -> None:
    """Let something about a submission be longer ago than it is, past every trigger."""
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            f"UPDATE resource_submissions SET {column} = {column} - $2::interval WHERE id = $1",
            submission,
            interval,
        )
