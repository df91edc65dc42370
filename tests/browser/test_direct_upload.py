"""A file that a page sends straight into a bucket, and what happens where the bucket forbids it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Page, expect

from fixtures.catalog import add_module, add_pathway, add_resource
from fixtures.chromium import PageAt, complaints_of
from fixtures.server import LiveServer, real_settings
from storage.fake_gcs.client import BUCKET, CREATOR, EMAIL, VIEWER, FakeGoogle


@pytest.fixture
async def service(
    make_server: Callable[..., LiveServer],
    database_url: str,
    google: FakeGoogle,
    tmp_path: Path,
) -> LiveServer:
    google.control("platform", email=EMAIL)
    server = make_server(
        **real_settings(database_url),
        GCS_BUCKET_NAME=BUCKET,
        GCS_ENDPOINT=google.url,
        GCS_SIGNING_ENDPOINT=google.url,
        GCE_METADATA_HOST=google.host,
        GCE_METADATA_IP=google.host,
        CLOUDSDK_CONFIG=str(tmp_path),
    )
    connection = await asyncpg.connect(database_url)
    module = await add_module(connection, await add_pathway(connection, "way"))
    await add_resource(connection, module, "exercise", type="exercise", requires_upload=True)
    await connection.close()
    return server


async def hand_in(page: Page, service: LiveServer, directory: Path) -> None:
    """Sign up at the address the service has for itself, and hand in one file."""
    own = f"http://localhost:{service.port}"
    await page.goto(own + "/sign-up")
    await page.get_by_label("Your name").fill("Ada Lovelace")
    await page.get_by_label("E-mail").fill(f"{secrets.token_hex(6)}@example.com")
    await page.get_by_label("Password").fill("Bootcamp-2026!")
    await page.get_by_role("button", name="Make my account").click()
    await expect(page.get_by_role("status").first).to_contain_text("Choose a pathway to begin")
    await page.goto(own + "/resources/exercise")
    work = directory / "work.txt"
    work.write_text("All my work. " * 1000)
    await page.get_by_label("Notes").fill("Straight ahead.")
    await page.get_by_label("Choose a file").set_input_files(work)
    await page.get_by_role("button", name="Hand in", exact=True).click()
    await expect(page.locator(".attempt")).to_contain_text("Waiting for review")
    await expect(page.locator(".attempt")).to_contain_text("Straight ahead.")


async def test_a_page_sends_a_file_straight_into_the_bucket(
    service: LiveServer, google: FakeGoogle, page_at: PageAt, tmp_path: Path
) -> None:
    assert service.run("storage", "setup").returncode == 0
    google.grant(*CREATOR, *VIEWER)
    service.start()
    page = await page_at(1280)
    complaints = complaints_of(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    await hand_in(page, service, tmp_path)
    assert any(one.startswith(f"PUT {google.url}/{BUCKET}/pathways/way/") for one in sent)
    assert not any(one.endswith("/upload") for one in sent)
    assert len(google.objects()) == 1
    assert complaints == []


async def test_where_the_bucket_lets_no_page_in_the_file_goes_through_the_service(
    service: LiveServer, google: FakeGoogle, page_at: PageAt, tmp_path: Path
) -> None:
    google.grant(*CREATOR, *VIEWER)
    service.start()
    page = await page_at(1280)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    await hand_in(page, service, tmp_path)
    assert any(one.endswith("/resources/exercise/upload") for one in sent)
    assert len(google.objects()) == 1
