"""The pages everybody may see, the files they use, and errors as pages."""

from __future__ import annotations

import re
from functools import cache
from inspect import unwrap
from pathlib import Path
from typing import Any

import httpx
import pytest

from aibc.app import Application
from aibc.web import assets
from fixtures.browsers import browser_of


@pytest.fixture
async def browser(application: Application) -> Any:
    async with browser_of(application) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-up", "/styleguide", "/problems/x"])
async def test_a_public_page_has_a_strict_policy_and_nothing_inline(
    browser: httpx.AsyncClient, path: str
) -> None:
    page = await browser.get(path)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page.text)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/styleguide"])
async def test_a_public_page_asks_nothing_of_other_sites(
    browser: httpx.AsyncClient, path: str
) -> None:
    page = await browser.get(path)
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page.text)


async def test_a_file_named_by_its_digest_is_kept_for_good_and_sent_compressed(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/")
    for address in re.findall(r"/static/[^\"]+\?v=[0-9a-f]+", page.text):
        file = await browser.get(address)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
        again = await browser.get(address, headers={"If-None-Match": file.headers["etag"]})
        assert again.status_code == 304
    script = await browser.get("/static/vendor/htmx.min.js", headers={"Accept-Encoding": "gzip"})
    assert script.headers["content-encoding"] == "gzip"
    assert "immutable" not in script.headers["cache-control"]


def test_a_script_imports_the_module_that_the_page_has_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.js").write_text("export const one = 1;\n")
    script = 'import { one } from "./app.js";\nconst name = "./app.js";\n'
    (tmp_path / "group.js").write_text(script)
    monkeypatch.setattr(assets, "DIRECTORY", tmp_path)
    monkeypatch.setattr(assets, "load", cache(unwrap(assets.load)))
    address = assets.url("app.js").removeprefix("/static/")
    sent = assets.load("group.js").content.decode()
    assert sent == f'import {{ one }} from "./{address}";\nconst name = "./app.js";\n'


@pytest.mark.parametrize(
    "name",
    [
        "nothing.css",
        "../web/pages.py",
        "..%2fpages.py",
        "fonts",
        "%2e%2e/pages.py",
        "x" * 5000,
        "vendor/%2e%2e/app.js",
        "vendor%2f%2fhtmx.min.js",
    ],
)
async def test_what_is_no_file_of_the_pages_is_not_there(
    browser: httpx.AsyncClient, name: str
) -> None:
    assert (await browser.get(f"/static/{name}")).status_code == 404


async def test_each_pathway_has_its_colour(
    browser: httpx.AsyncClient, make_pathway: Any, connection: Any
) -> None:
    slug = await make_pathway()
    await connection.execute("UPDATE pathways SET accent = '#db1f7d' WHERE id = $1", slug)
    styles = await browser.get("/accents.css")
    assert f'[data-pathway="{slug}"]{{--accent:#db1f7d}}' in styles.text
    same = await browser.get("/accents.css", headers={"If-None-Match": styles.headers["etag"]})
    assert same.status_code == 304


async def test_a_person_gets_an_error_as_a_page_and_a_program_as_a_document(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/nowhere")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "There is nothing here" in page.text
    assert page.headers["x-request-id"] in page.text
    program = await browser.get("/nowhere", headers={"Accept": "*/*"})
    assert program.json()["code"] == "not_found"
    api = await browser.get("/api/v1/nowhere")
    assert api.headers["content-type"] == "application/problem+json"


async def test_a_script_whose_session_has_ended_is_led_to_the_sign_in(
    browser: httpx.AsyncClient,
) -> None:
    response = await browser.get("/account", headers={"HX-Request": "true", "Accept": "*/*"})
    assert response.status_code == 401
    assert response.headers["hx-redirect"] == "/sign-in"


async def test_markup_in_an_address_is_shown_as_text(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/problems/<script>alert(1)</script>")
    assert "<script>alert" not in page.text
    page = await browser.get('/sign-in?next=/"><script>alert(1)</script>')
    assert "<script>alert" not in page.text
