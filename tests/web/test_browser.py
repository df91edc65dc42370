"""The browser that tests of pages look through."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.chromium import PageAt, complaints_of, find_chromium


async def test_a_page_has_the_width_and_the_colours_that_were_asked_for(page_at: PageAt) -> None:
    page = await page_at(390, dark=True)
    await page.set_content("<p>Here</p>")
    assert await page.evaluate("innerWidth") == 390
    assert await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


async def test_a_visitor_without_javascript_runs_none(page_at: PageAt) -> None:
    page = await page_at(1280, javascript=False)
    await page.goto("data:text/html,<title>before</title><script>document.title='after'</script>")
    assert await page.title() == "before"


async def test_what_goes_wrong_on_a_page_is_heard(page_at: PageAt) -> None:
    page = await page_at(1280)
    complaints = complaints_of(page)
    await page.set_content("<script>console.error('broken'); undefined.name</script>")
    await page.wait_for_function("true")
    assert [line.partition(":")[0] for line in complaints] == ["console", "error"]


def test_without_a_browser_of_the_machine_the_installed_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    bundled = tmp_path / "chrome"
    assert find_chromium(str(bundled)) is None
    bundled.touch(mode=0o755)
    assert find_chromium(str(bundled)) == str(bundled)
    (tmp_path / "chromium").touch(mode=0o755)
    assert find_chromium(str(bundled)) == str(tmp_path / "chromium")
