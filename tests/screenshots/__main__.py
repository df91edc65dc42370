"""`make screenshots`: the pictures of docs/, taken from a service with some weeks of history.

Everything is made anew in a temporary directory, and the pictures are written to docs/images.
Beside each it says how long the service takes for the page, on this machine as it is just now.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx
from playwright.async_api import Browser, BrowserContext, async_playwright

from aibc.accounts.demo_sign_ins import DEMO_PASSWORD
from aibc.database.embedded import EmbeddedServer
from fixtures.chromium import HOW_TO_GET_ONE, find_chromium
from fixtures.history import live_on_server
from fixtures.server import LiveServer, real_settings
from screenshots.pictures import Picture, Shot, saved, shots

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
SETTLE_MILLISECONDS = 700  # frames of previews are painted a little after the page
REQUESTS = 15


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="aibc-screenshots-") as name:
        directory = Path(name)
        with EmbeddedServer(directory / "postgres", durable=False) as database:
            server = LiveServer(directory, real_settings(database.url))
            for command in (("migrate",), ("catalog", "import", str(ROOT / "catalog"))):
                done = server.run(*command)
                if done.returncode:
                    sys.exit(done.stdout + done.stderr)
            server.start()
            try:
                missing = asyncio.run(_take_all(server))
            finally:
                server.stop()
    if missing:
        sys.exit("These pages could not be pictured: " + ", ".join(missing))


async def _take_all(server: LiveServer) -> list[str]:
    """Take every picture; the addresses that did not answer with a page."""
    history = await live_on_server(server.url, server.database_url)
    missing = []
    async with async_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        if path is None:
            sys.exit(HOW_TO_GET_ONE)
        browser = await playwright.chromium.launch(executable_path=path)
        for shot in shots(history):
            taken = await _take(browser, server.url, shot)
            if taken is None:
                missing.append(shot.address)
                continue
            picture, milliseconds = taken
            file = saved(picture, IMAGES)
            size = file.stat().st_size // 1024
            print(f"{file.relative_to(ROOT)}: {size} KB; answers in {milliseconds:.0f} ms")  # noqa: T201
        await browser.close()
    return missing


async def _take(browser: Browser, url: str, shot: Shot) -> tuple[Picture, float] | None:
    """The picture, and how long the service takes for the page; None where there is no page."""
    context = await browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme="light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    page = await context.new_page()
    if shot.email:
        await page.goto(f"{url}/sign-in?next=/account")
        await page.get_by_label("E-mail").fill(shot.email)
        await page.get_by_label("Password").fill(DEMO_PASSWORD)
        await page.get_by_role("main").get_by_role("button", name="Sign in").click()
        await page.wait_for_url("**/account")
    response = await page.goto(url + shot.address, wait_until="load")
    taken = None
    if response is not None and response.status == 200:
        if shot.prepare:
            await shot.prepare(page)
        await page.wait_for_load_state("networkidle")
        await page.wait_for_timeout(SETTLE_MILLISECONDS)
        content = await page.screenshot(full_page=shot.is_whole)
        taken = Picture(shot.name, content), await _answer_time(context, page.url)
    await context.close()
    return taken


async def _answer_time(context: BrowserContext, url: str) -> float:
    """The median of some requests one after another, in milliseconds."""
    cookies = {one["name"]: one["value"] for one in await context.cookies()}
    times = []
    async with httpx.AsyncClient(cookies=cookies, headers={"Accept": "text/html"}) as client:
        for _ in range(REQUESTS):
            begun = perf_counter()
            await client.get(url)
            times.append(1000 * (perf_counter() - begun))
    return median(times)


if __name__ == "__main__":
    main()
