"""An operator's evening in a real browser: a catalog, an account, the health of a pathway."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Page, expect

from aibc.accounts.demo_sign_ins import DEMO_PASSWORD
from aibc.accounts.passwords import Passwords
from fixtures.axe import violations_of
from fixtures.catalog import add_user
from fixtures.chromium import PageAt, complaints_of
from fixtures.server import LiveServer

ADMIN = "operator@example.com"
HOSTILE = '=HYPERLINK("http://evil.example")<img src=x onerror=alert(1)>'
CATALOG = """id: first-steps
title: First steps
short_title: Steps
instructor: Grace Teacher
color: from-sky-500 to-blue-600
accent: "#1b78bb"
order_index: 1
modules:
  - id: first-module
    title: The first module
    resources:
      - {id: first-read, type: article, title: Read this, duration_minutes: 5}
      - {id: first-look, type: article, title: Look at this, duration_minutes: 5}
"""


@pytest.fixture(scope="module")
def operated(live_server: LiveServer) -> LiveServer:
    """A service with an administrator and a learner whose name means harm."""

    async def furnish() -> None:
        connection = await asyncpg.connect(live_server.database_url)
        password_hash = Passwords().hash_now(DEMO_PASSWORD)
        await add_user(
            connection, email=ADMIN, full_name="Olga", role="admin", password_hash=password_hash
        )
        await add_user(connection, email="harm@example.com", full_name=HOSTILE)
        await connection.close()

    asyncio.run(furnish())
    return live_server


async def sign_in(page: Page, url: str, wanted: str) -> None:
    await page.goto(f"{url}/sign-in?next={wanted}")
    await page.get_by_label("E-mail").fill(ADMIN)
    await page.get_by_label("Password").fill(DEMO_PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"**{wanted}")


def yaml_file(text: str) -> Any:
    return {"name": "steps.yaml", "mimeType": "application/yaml", "buffer": text.encode()}


async def upload(page: Page, text: str) -> None:
    await page.locator("#files").set_input_files(yaml_file(text))
    await page.get_by_role("button", name="Show what would change").click()


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_catalog_is_uploaded_looked_at_and_imported(
    operated: LiveServer, page_at: PageAt, *, javascript: bool
) -> None:
    page = await page_at(390, javascript=javascript)
    complaints = complaints_of(page)
    await sign_in(page, operated.url, "/admin/catalog")
    title = f"With script {javascript}"
    await upload(page, CATALOG.replace("type: article", "type: song", 1))
    await expect(page.get_by_role("alert")).to_contain_text("steps.yaml:12")
    await upload(page, CATALOG.replace("title: First steps", f"title: {title}"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("What the import would change")
    await page.get_by_role("button", name="Import exactly this").click()
    await expect(page.get_by_role("status").first).to_contain_text("The catalog is imported.")
    await page.get_by_role("link", name=title).click()
    await expect(page.get_by_role("main")).to_contain_text("Look at this")
    assert [one for one in complaints if "422" not in one] == []


async def test_an_account_is_found_and_changed_with_the_keyboard_alone(
    operated: LiveServer, page_at: PageAt
) -> None:
    page = await page_at(1280, dark=True)
    complaints = complaints_of(page)
    await sign_in(page, operated.url, "/admin/users")
    await page.get_by_label("Name or e-mail").focus()
    await page.keyboard.type("harm@")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**search=harm*")
    await page.get_by_role("link", name="=HYPERLINK").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    await page.get_by_label("Role", exact=True).focus()
    await page.keyboard.type("Instructor")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Save")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("Saved.")
    await expect(page.get_by_role("main")).to_contain_text("role: Learner → Instructor")
    assert await violations_of(page) == []
    assert complaints == []


async def test_who_is_stuck_leaves_as_a_file_that_no_spreadsheet_runs(
    operated: LiveServer, page_at: PageAt
) -> None:
    page = await page_at(1280)
    await sign_in(page, operated.url, "/admin/catalog")
    await upload(page, CATALOG.replace("First steps", "Stuck here"))
    await page.get_by_role("button", name="Import exactly this").click()
    await page.wait_for_url("**/admin/catalog?*")
    connection = await asyncpg.connect(operated.database_url)
    await connection.execute(
        "INSERT INTO user_progress (user_id, pathway_id, last_accessed_at) "
        "SELECT id, 'first-steps', now() - interval '20 days' FROM users WHERE full_name = $1 "
        "ON CONFLICT DO NOTHING",
        HOSTILE,
    )
    await connection.close()
    await page.goto(f"{operated.url}/health-of-pathways/first-steps")
    await expect(page.get_by_role("link", name="=HYPERLINK")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="All of them as CSV").click()
    file = await (await download.value).path()
    text = file.read_bytes().decode("utf-8-sig")
    (row,) = list(csv.DictReader(io.StringIO(text, newline="")))
    assert (await download.value).suggested_filename == "first-steps-stuck.csv"
    assert row["name"] == f"'{HOSTILE}"
    await page.get_by_label("No activity").select_option("30")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator("#stuck")).to_contain_text("Nobody is stuck")
