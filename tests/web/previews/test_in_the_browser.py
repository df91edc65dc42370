"""What a reviewer's browser does with files that mean harm, and that it draws those that do not."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator

import asyncpg
import pytest
from PIL import Image
from playwright.async_api import FrameLocator, Page, expect

from aibc.storage import open_store
from aibc.submissions.file_types import NOTEBOOK
from fixtures.chromium import PageAt, complaints_of
from fixtures.server import LiveServer
from web.previews.conftest import Room, make_room
from web.previews.hostile import (
    MARKDOWN,
    MARKUP,
    code_cell,
    hostile_notebook,
    notebook,
    pdf,
    picture,
    polyglot,
)

PATIENCE = 20_000.0

HOSTILE = {
    "notes.txt": ("text/plain", MARKUP.encode()),
    "utf16.txt": ("text/plain", MARKUP.encode("utf-16")),
    "readme.md": ("text/markdown", MARKDOWN.encode()),
    "table.csv": ("text/csv", MARKUP.replace("\n", ",\n").encode()),
    "data.json": ("application/json", json.dumps({MARKUP: [MARKUP]}).encode()),
    "program.py": ("text/x-python", f'x = """{MARKUP}"""\n# {MARKUP}'.encode()),
    "page.html": ("text/html", f"<!doctype html>{MARKUP}".encode()),
    "drawing.svg": ("image/svg+xml", f"<svg xmlns='http://www.w3.org/2000/svg'>{MARKUP}".encode()),
    "notebook.ipynb": (NOTEBOOK, hostile_notebook()),
    "polyglot.png": ("image/png", polyglot()),
    "not-a-picture.gif": ("image/gif", b"GIF89a" + MARKUP.encode()),
    "film.mp4": ("video/mp4", MARKUP.encode()),
    "archive.zip": ("application/zip", MARKUP.encode()),
}


class Reviewer:
    """A page of ours with a frame in it, and all that happened on it."""

    def __init__(self, page: Page, server: LiveServer) -> None:
        self.page = page
        self.complaints = complaints_of(page)
        self.dialogs: list[str] = []
        self.popups: list[Page] = []
        self.requests: list[str] = []
        self._server = server
        page.on("request", lambda request: self.requests.append(request.url))
        page.context.on("page", lambda popup: self.popups.append(popup))
        page.on("dialog", lambda dialog: self.dialogs.append(dialog.message))

    async def look_at(self, address: str) -> FrameLocator:
        """Open the page around the frame, as the review desk makes it."""
        desk = (
            '<title>desk</title><link rel="icon" href="data:,">'
            f'<iframe sandbox="allow-scripts" src="{address}" width="900" height="700"></iframe>'
        )
        await self.page.route(
            f"{self._server.url}/desk",
            lambda route: route.fulfill(content_type="text/html", body=desk),
        )
        await self.page.goto(f"{self._server.url}/desk")
        frame = self.page.frame_locator("iframe")
        await expect(frame.locator("main")).to_be_visible(timeout=PATIENCE)
        return frame

    async def assert_unharmed(self, *paths: str) -> None:
        """Nothing ran, nothing opened, and nothing was asked for but the frame and `paths`.

        No complaints at all: not even an attempt was there for the frame's policy to refuse.
        """
        assert self.complaints == []
        assert (self.dialogs, self.popups) == ([], [])
        assert await self.page.title() == "desk"
        assert await self.page.evaluate("window.ran === undefined && window.length === 1")
        expected = [f"{self._server.url}/{path}" for path in ("desk", "preview/", *paths)]
        assert all(url.startswith(tuple(expected)) for url in self.requests), self.requests


@pytest.fixture
async def room(live_server: LiveServer) -> AsyncIterator[Room]:
    """The room of the running service."""
    settings = live_server.settings
    connection = await asyncpg.connect(live_server.database_url)
    store = open_store(settings.storage)
    yield await make_room(connection, store, settings)
    await store.close()
    await connection.close()


@pytest.fixture
async def reviewer(page_at: PageAt, live_server: LiveServer) -> Reviewer:
    return Reviewer(await page_at(1280), live_server)


async def test_no_file_runs_or_loads_anything(reviewer: Reviewer, room: Room) -> None:
    for name, (file_type, content) in HOSTILE.items():
        frame = await reviewer.look_at(await room.preview(content, name, file_type))
        await expect(frame.locator("script, iframe, object, form, svg, base, a")).to_have_count(0)
        await reviewer.assert_unharmed()


async def test_the_difference_between_hostile_files_is_as_harmless(
    reviewer: Reviewer, room: Room
) -> None:
    names = ["notes.txt", "readme.md", "notebook.ipynb", "page.html"]
    for name in names:
        file_type, content = HOSTILE[name]
        earlier = await room.hand_in(content, name, file_type)
        later = await room.hand_in(content.replace(b"alert", b"confirm"), name, file_type)
        frame = await reviewer.look_at(await room.comparison_of(earlier, later))
        await expect(frame.locator("del b").first).to_have_text("alert")
        await expect(frame.locator("ins b").first).to_have_text("confirm")
        await reviewer.assert_unharmed()


async def test_a_pdf_is_drawn_and_its_script_does_not_run(reviewer: Reviewer, room: Room) -> None:
    content = pdf(
        "Hello reviewer", action="app.alert\\('owned'\\); this.submitForm\\('http://x'\\)"
    )
    frame = await reviewer.look_at(await room.preview(content, "work.pdf", "application/pdf"))
    canvas = frame.locator("figure canvas")
    await expect(canvas).to_be_visible(timeout=PATIENCE)
    ink = await canvas.evaluate(
        """canvas => {
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return data.filter((value, index) => index % 4 === 0 && value < 100).length;
        }"""
    )
    assert ink > 500
    await expect(frame.locator("figure p")).to_have_text("Hello reviewer")
    await expect(frame.get_by_text("Page 1 of 1")).to_be_visible()
    await reviewer.assert_unharmed("static/pdfjs/")


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA"])
async def test_a_scanned_page_is_drawn_whatever_packed_it(
    reviewer: Reviewer, room: Room, mode: str
) -> None:
    """Fax, JPEG and JPEG 2000: for the first and the last a decoder is loaded by the worker."""
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "black").convert(mode).save(buffer, "PDF")
    address = await room.preview(buffer.getvalue(), "scan.pdf", "application/pdf")
    frame = await reviewer.look_at(address)
    canvas = frame.locator("figure canvas")
    await expect(canvas).to_be_visible(timeout=PATIENCE)
    dark = await canvas.evaluate(
        """canvas => {
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return data.filter((value, index) => index % 4 === 0 && value < 50).length
                / (canvas.width * canvas.height);
        }"""
    )
    assert dark > 0.95
    await reviewer.assert_unharmed("static/pdfjs/")


async def test_a_line_of_code_is_one_line_high(reviewer: Reviewer, room: Room) -> None:
    address = await room.preview(b"x = 1\n\ny = 2\n", "work.py", "text/x-python")
    frame = await reviewer.look_at(address)
    boxes = [await line.bounding_box() for line in await frame.locator("pre span").all()]
    tops = [box["y"] for box in boxes if box]
    heights = [box["height"] for box in boxes if box]
    assert len(tops) == 3
    for upper, lower, height in zip(tops, tops[1:], heights, strict=False):
        assert lower - upper == pytest.approx(height, abs=3)


async def test_the_frame_of_a_pdf_can_reach_nothing_and_nobody(
    reviewer: Reviewer, room: Room, live_server: LiveServer
) -> None:
    """Even if a file found a way to run script in pdf.js."""
    frame = await reviewer.look_at(await room.preview(pdf(), "work.pdf", "application/pdf"))
    await expect(frame.locator("canvas")).to_be_visible(timeout=PATIENCE)
    reached = await frame.locator("main").evaluate(
        """async (main, url) => {
            const tried = {};
            const attempt = async (name, act) => {
                try { await act(); tried[name] = true; } catch { tried[name] = false; }
            };
            await attempt('origin', () => { if (origin === 'null') throw 0; });
            await attempt('cookies', () => document.cookie);
            await attempt('storage', () => localStorage.length);
            await attempt('parent', () => parent.document.title);
            await attempt('fetch', () => fetch(`${url}/health`));
            await attempt('popup', () => { if (!open(url)) throw 0; });
            await attempt('top', () => { top.location = 'about:blank'; });
            return tried;
        }""",
        live_server.url,
    )
    assert {name for name, done in reached.items() if done} == set()


async def test_the_pages_of_a_pdf_grow_and_shrink_by_the_keyboard(
    reviewer: Reviewer, room: Room
) -> None:
    frame = await reviewer.look_at(await room.preview(pdf(), "work.pdf", "application/pdf"))
    figure = frame.locator("figure")
    await expect(figure.locator("canvas")).to_be_visible(timeout=PATIENCE)

    async def width() -> float:
        box = await figure.bounding_box()
        assert box
        return box["width"]

    fitting = await width()
    await frame.locator("main").focus()
    await reviewer.page.keyboard.press("+")
    assert await width() == pytest.approx(fitting * 1.25, abs=2)
    await reviewer.page.keyboard.press("0")
    await reviewer.page.keyboard.press("-")
    assert await width() == pytest.approx(fitting / 1.25, abs=2)
    await frame.get_by_role("button", name="Fit width").click()
    assert await width() == pytest.approx(fitting, abs=2)
    await reviewer.assert_unharmed("static/pdfjs/")


async def test_a_damaged_pdf_is_a_sentence(reviewer: Reviewer, room: Room) -> None:
    frame = await reviewer.look_at(await room.preview(b"%PDF-1.7 no", "a.pdf", "application/pdf"))
    await expect(frame.get_by_role("status")).to_contain_text("damaged", timeout=PATIENCE)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_a_picture_is_drawn(reviewer: Reviewer, room: Room, kind: str) -> None:
    content = picture(2000, 30, kind)
    address = await room.preview(content, f"work.{kind.lower()}", f"image/{kind.lower()}")
    frame = await reviewer.look_at(address)
    image = frame.locator("img")
    await expect(image).to_have_js_property("naturalWidth", 2000)
    await reviewer.assert_unharmed()
    fitting = await image.bounding_box()
    await frame.get_by_label("Full size").check()
    whole = await image.bounding_box()
    assert fitting
    assert fitting["width"] <= 900
    assert whole
    assert whole["width"] >= 2000


async def test_a_notebook_shows_its_pictures(reviewer: Reviewer, room: Room) -> None:
    data = {"image/png": base64.b64encode(picture()).decode() + "\n", "text/plain": "<Figure>"}
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    content = notebook(code_cell("plot()", output))
    frame = await reviewer.look_at(await room.preview(content, "a.ipynb", NOTEBOOK))
    await expect(frame.locator("img")).to_have_js_property("naturalWidth", 40)
    await reviewer.assert_unharmed()


async def test_a_frame_that_has_nothing_to_show_says_why(reviewer: Reviewer, room: Room) -> None:
    frame = await reviewer.look_at("/preview/made-up")
    await expect(frame.locator("main")).to_contain_text("open the file from its page again")


async def test_another_site_cannot_frame_a_preview(
    page_at: PageAt, room: Room, live_server: LiveServer
) -> None:
    address = live_server.url + await room.preview(b"secret words", "a.txt", "text/plain")
    page = await page_at(1280)
    await page.route(
        "http://elsewhere.test/",
        lambda route: route.fulfill(
            content_type="text/html", body=f'<iframe src="{address}"></iframe>'
        ),
    )
    await page.goto("http://elsewhere.test/")
    await expect(page.frame_locator("iframe").get_by_text("secret words")).to_have_count(0)
