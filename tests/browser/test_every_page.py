"""Every page there is, on a bootcamp some weeks old: accessible, silent, light and never too wide.

The pages are those of the table in tests/repository/test_access.py: a new one is examined without
being named here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page

from aibc.accounts.demo_sign_ins import DEMO_PASSWORD
from fixtures.axe import violations_of
from fixtures.chromium import complaints_of
from fixtures.every_page import addresses
from fixtures.history import History, live_on_server
from fixtures.server import LiveServer
from repository.test_access import ADMIN_PAGES, LEARNER_PAGES, PUBLIC, STAFF_PAGES

MOST_BYTES = 100 * 1024
MOST_REQUESTS = 15
WIDTHS = (1280, 390)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Frames of previews, and the viewer inside them, weigh what the learner's file weighs.
APART = re.compile(r"/preview/|/pdfjs/")

VISITORS = {
    "": PUBLIC,
    "learner@example.com": LEARNER_PAGES,
    "instructor@example.com": STAFF_PAGES,
    "admin@example.com": ADMIN_PAGES,
}


@pytest.fixture(scope="module")
def history(live_server: LiveServer) -> History:
    """Lived once; outside of any test's event loop."""
    imported = live_server.run("catalog", "import", "catalog")
    assert imported.returncode == 0, imported.stderr
    return asyncio.run(live_on_server(live_server.url, live_server.database_url))


@pytest.mark.parametrize("email", list(VISITORS), ids=lambda email: email or "anonymous")
async def test_every_page_is_accessible_silent_light_and_never_too_wide(
    live_server: LiveServer, history: History, chromium: Browser, email: str
) -> None:
    context = await chromium.new_context(
        viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    page = await context.new_page()
    if email:
        await sign_in(page, live_server.url, email)
    more = {"draft_id": [await a_draft(page, live_server.url)]} if email.startswith("admin") else {}
    wrong: list[str] = []
    noise = complaints_of(page)
    examined = 0
    for address in addresses(VISITORS[email], history, more):
        if await is_page(page, live_server.url + address, wrong):
            found = await complaints(page, live_server.url + address)
            wrong += [f"{address}: {one}" for one in (*found, *noise)]
            noise.clear()
            examined += 1
    assert not wrong, "\n".join(wrong)
    assert examined >= 1


async def sign_in(page: Page, url: str, email: str) -> None:
    await page.goto(f"{url}/sign-in?next=/account")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(DEMO_PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/account")


async def a_draft(page: Page, url: str) -> str:
    """The id of a catalog that was uploaded and is not imported yet."""
    await page.goto(f"{url}/admin/catalog")
    text = await (await page.request.get(f"{url}/admin/catalog/export/ai-ethics")).body()
    changed = text.replace(b"title: ", b"title: New ", 1)
    file: Any = {"name": "ai-ethics.yaml", "mimeType": "application/yaml", "buffer": changed}
    await page.locator("#files").set_input_files(file)
    await page.get_by_role("button", name="Show what would change").click()
    await page.wait_for_url("**/drafts/*")
    return page.url.rpartition("/")[2]


async def is_page(page: Page, url: str, wrong: list[str]) -> bool:
    """Whether it is a whole page; not a download, a piece of one for a script, or a way onwards."""
    response = await page.request.get(url, max_redirects=0, headers={"Accept": "text/html"})
    if response.status == 204 or 300 <= response.status < 400:
        return False
    if response.status != 200:
        wrong.append(f"{url}: {response.status} {(await response.text())[:300]}")
        return False
    is_html = response.headers["content-type"].startswith("text/html")
    return is_html and (await response.text()).lstrip().lower().startswith("<!doctype")


async def complaints(page: Page, url: str) -> list[str]:
    """What is wrong with one page in both colour schemes at both widths."""
    found: list[str] = []
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        async with weighing(page) as weights:
            await page.goto(url, wait_until="load")
        sizes = [size for address, size in weights if not APART.search(address)]
        if sum(sizes) > MOST_BYTES:
            found.append(f"weighs {sum(sizes):,} bytes")
        if len(sizes) > MOST_REQUESTS:
            found.append(f"makes {len(sizes)} requests")
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            too_wide = await page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if too_wide > 0:
                found.append(f"is {too_wide} px too wide at {width}")
            found += [f"{width} {scheme}: {one}" for one in await violations_of(page)]
    return found


@asynccontextmanager
async def weighing(page: Page) -> AsyncIterator[list[tuple[str, int]]]:
    """The address and the weight on the wire of everything a visitor without a cache loads."""
    weights: list[tuple[str, int]] = []
    urls: dict[str, str] = {}
    network = await page.context.new_cdp_session(page)

    def hear_request(event: dict[str, Any]) -> None:
        urls[event["requestId"]] = event["request"]["url"]

    def hear_end(event: dict[str, Any]) -> None:
        url = urls.get(event["requestId"], "")
        if not url.startswith("data:"):
            weights.append((url, int(event["encodedDataLength"])))

    network.on("Network.requestWillBeSent", hear_request)
    network.on("Network.loadingFinished", hear_end)
    await network.send("Network.enable")
    await network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    yield weights
    await network.detach()
