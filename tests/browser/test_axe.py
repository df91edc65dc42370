"""The examination itself: it finds what is wrong, under the strict policy of our pages too."""

from __future__ import annotations

from fixtures.axe import violations_of
from fixtures.chromium import PageAt
from fixtures.server import LiveServer


async def test_what_is_wrong_with_a_page_is_found_and_named(
    live_server: LiveServer, page_at: PageAt
) -> None:
    page = await page_at(1280)
    await page.goto(live_server.url + "/sign-in")
    assert await violations_of(page) == []
    await page.evaluate("document.querySelector('label[for=email]').remove()")
    (found,) = await violations_of(page)
    assert found.startswith("label: #email: ")
    await page.reload()
    assert await violations_of(page) == []
