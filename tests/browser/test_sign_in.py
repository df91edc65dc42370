"""Signing up, in and out in a real browser, which says by itself where a form comes from."""

from __future__ import annotations

import secrets

import pytest
from playwright.async_api import expect

from fixtures.chromium import PageAt, complaints_of
from fixtures.server import LiveServer

PASSWORD = "Bootcamp-2026!"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("javascript", [True, False])
async def test_a_person_signs_up_signs_out_and_signs_in_again(
    live_server: LiveServer, page_at: PageAt, width: int, *, javascript: bool
) -> None:
    page = await page_at(width, javascript=javascript)
    complaints = complaints_of(page)
    email = f"{secrets.token_hex(6)}@example.com"
    await page.goto(live_server.url + "/")
    await page.get_by_role("link", name="Begin").click()
    await page.get_by_label("Your name").fill("Ada Lovelace")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Make my account").click()
    await page.goto(live_server.url + "/account")
    await expect(page.get_by_role("main")).to_contain_text("Ada Lovelace")
    await page.locator("summary[aria-label=Account]").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("status")).to_contain_text("You are signed out.")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()
    await page.goto(live_server.url + "/account")
    await expect(page.get_by_role("main")).to_contain_text(email)
    assert [one for one in complaints if "dashboard" not in one and "404" not in one] == []
