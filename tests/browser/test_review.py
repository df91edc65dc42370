"""The instructor's evening in a real browser: keys, two at once, hostile files, a phone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import httpx
import pytest
from playwright.async_api import Page, Route, expect

from aibc.settings import Settings
from aibc.storage import open_store
from aibc.storage.store import ObjectStore
from aibc.submissions.file_types import NOTEBOOK
from fixtures.axe import violations_of
from fixtures.catalog import (
    Connection,
    add_module,
    add_pathway,
    add_resource,
    add_submission,
    add_user,
)
from fixtures.chromium import PageAt, complaints_of
from fixtures.people import PASSWORD, sign_up
from fixtures.server import LiveServer
from web.previews.hostile import MARKUP, hostile_notebook, pdf, picture

PATIENCE = 20_000.0
HOSTILE = {
    "page.html": ("text/html", f"<!doctype html>{MARKUP}".encode()),
    "drawing.svg": ("image/svg+xml", f"<svg xmlns='http://www.w3.org/2000/svg'>{MARKUP}".encode()),
    "notebook.ipynb": (NOTEBOOK, hostile_notebook()),
    "readme.md": ("text/markdown", MARKUP.encode()),
    "work.pdf": ("application/pdf", pdf(action="app.alert\\('owned'\\)")),
}


@dataclass(frozen=True)
class Evening:
    """A queue of its own part of the catalog, so that tests of one service do not meet."""

    server: LiveServer
    connection: Connection
    store: ObjectStore
    settings: Settings
    pathway: str
    resource: str

    @property
    def query(self) -> str:
        return f"?pathway_id={self.pathway}"

    async def hand_in(
        self,
        learner: UUID,
        content: bytes = b"# My work\n",
        file_name: str = "work.md",
        file_type: str = "text/markdown",
    ) -> UUID:
        submission = await add_submission(
            self.connection,
            learner,
            self.resource,
            file_name=file_name,
            file_type=file_type,
            file_size_bytes=len(content),
        )
        key = await self.connection.fetchval(
            "SELECT object_key FROM resource_submissions WHERE id = $1", submission
        )
        await self.store.put(
            key, _once(content), content_type=file_type, content_disposition="attachment"
        )
        return submission

    async def fill(self, number: int) -> list[UUID]:
        """Submissions of as many learners, the oldest first."""
        return [
            await self.hand_in(await add_user(self.connection, full_name=f"Learner {n}"))
            for n in range(1, number + 1)
        ]

    async def sign_in(self, page: Page, name: str) -> None:
        """A new instructor, signed in by the form."""
        email = f"{self.pathway}-{name.lower()}@example.com"
        async with httpx.AsyncClient(base_url=self.server.url, timeout=30) as client:
            user = await sign_up(client, email)
        await self.connection.execute(
            "UPDATE users SET role = 'instructor', full_name = $2 WHERE id = $1",
            UUID(user["id"]),
            name,
        )
        await page.goto(self.server.url + "/sign-in?next=/review")
        await page.get_by_label("E-mail").fill(email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("main").get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Review")).to_be_visible()

    async def status(self, submission: UUID) -> tuple[str, str | None]:
        row = await self.connection.fetchrow(
            "SELECT submission_status, review_comments FROM resource_submissions WHERE id = $1",
            submission,
        )
        assert row
        return row["submission_status"], row["review_comments"]


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture
async def evening(live_server: LiveServer) -> AsyncIterator[Evening]:
    settings = live_server.settings
    connection = await asyncpg.connect(live_server.database_url)
    store = open_store(settings.storage)
    pathway = await add_pathway(connection, title="Prompting")
    module = await add_module(connection, pathway)
    resource = await add_resource(
        connection, module, type="exercise", title="Five versions", requires_upload=True
    )
    yield Evening(live_server, connection, store, settings, pathway, resource)
    await store.close()
    await connection.close()


async def on_desk_of(page: Page, learner: str) -> None:
    """The desk of that learner's work is open, and its file is there to be seen."""
    await expect(page.get_by_role("heading", name=learner, exact=True)).to_be_visible()
    await expect(page.frame_locator("iframe").first.locator("main")).to_be_visible(timeout=PATIENCE)
    await page.wait_for_load_state("load")


async def test_an_evening_by_keyboard_alone(evening: Evening, page_at: PageAt) -> None:
    waiting = await evening.fill(5)
    page = await page_at(1280)
    await evening.sign_in(page, "Grace")
    complaints = complaints_of(page)
    await page.goto(evening.server.url + "/review/comments")
    await page.get_by_label("Comment", exact=True).fill("Please add a title.")
    await page.get_by_role("button", name="Save comment").click()
    await page.goto(evening.server.url + "/review" + evening.query)
    await expect(page.locator("#waiting")).to_have_text("5 wait")

    # In the queue J and K move, Enter opens.
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await on_desk_of(page, "Learner 1")
    await expect(page.locator("#claim")).to_have_text("Others see that you are reviewing this.")

    # Pass, undo, pass.
    await page.keyboard.press("p")
    await on_desk_of(page, "Learner 2")
    await expect(page.locator(".undo")).to_contain_text("Passed: Learner 1, Five versions.")
    await page.keyboard.press("u")
    await on_desk_of(page, "Learner 1")
    await expect(page.get_by_text("Undone: the submission waits again.")).to_be_visible()
    assert await evening.status(waiting[0]) == ("uploaded", None)
    await page.keyboard.press("p")
    await on_desk_of(page, "Learner 2")

    # Another try: the field gets the keys, so that no letter in it decides anything.
    await page.keyboard.press("f")
    await expect(page.get_by_label("Comments", exact=True)).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Please write what the learner should change.")).to_be_visible()
    await page.keyboard.type("jkpud? Say which model.")
    await expect(page.locator("[data-counter]")).to_have_text("23 / 10,000")
    await page.keyboard.press("Control+Enter")
    await on_desk_of(page, "Learner 3")
    assert await evening.status(waiting[1]) == ("rejected", "jkpud? Say which model.")

    # What is typed is kept on the way to the next and back.
    await page.get_by_label("Comments", exact=True).fill("Half a thought")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast")).to_contain_text("Press Esc, then P to pass")
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await on_desk_of(page, "Learner 4")
    await page.keyboard.press("k")
    await on_desk_of(page, "Learner 3")
    await expect(page.get_by_label("Comments", exact=True)).to_have_value("Half a thought")
    await page.keyboard.press("1")
    await page.keyboard.press("f")
    await page.keyboard.press("Control+Enter")
    await on_desk_of(page, "Learner 4")
    kept = ("rejected", "Half a thought\n\nPlease add a title.")
    assert await evening.status(waiting[2]) == kept

    # Help, download, and the last of the evening.
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("p")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert await evening.status(waiting[3]) == ("uploaded", None)

    # Who speaks to their computer turns the keys off, and on again.
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await page.get_by_label("Use these keys in this browser").uncheck()
    await page.get_by_role("button", name="Close").click()
    await page.keyboard.press("p")
    await page.reload()
    await on_desk_of(page, "Learner 4")
    await page.keyboard.press("p")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert await evening.status(waiting[3]) == ("uploaded", None)
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await page.get_by_label("Use these keys in this browser").check()
    await page.keyboard.press("Escape")
    async with page.expect_download() as download:
        await page.keyboard.press("d")
    assert (await download.value).suggested_filename == "work.md"
    await page.keyboard.press("p")
    await on_desk_of(page, "Learner 5")
    await page.keyboard.press("p")
    await expect(page.get_by_role("heading", name="Nothing waits here")).to_be_visible()
    assert [(await evening.status(one))[0] for one in waiting].count("approved") == 3
    assert complaints == []


async def test_a_second_press_passes_nothing_that_nobody_has_seen(
    evening: Evening, page_at: PageAt
) -> None:
    (first, second) = await evening.fill(2)
    page = await page_at(1280)
    await evening.sign_in(page, "Grace")
    await page.goto(f"{evening.server.url}/review/{first}{evening.query}")
    await on_desk_of(page, "Learner 1")
    arrived = asyncio.Event()

    async def hold(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await page.route("**/preview/*", hold)
    await page.keyboard.press("p")
    await expect(page.get_by_role("heading", name="Learner 2", exact=True)).to_be_visible()
    await expect(page.locator("[data-keys-hint]")).to_be_visible()
    await page.keyboard.press("p")
    await expect(page.locator(".toast")).to_contain_text("The file is still loading.")
    arrived.set()
    await on_desk_of(page, "Learner 2")
    assert await evening.status(second) == ("uploaded", None)
    await page.keyboard.press("p")
    await expect(page.get_by_role("heading", name="Nothing waits here")).to_be_visible()


async def test_two_at_one_submission_see_each_other_and_the_first_wins(
    evening: Evening, page_at: PageAt
) -> None:
    (first, second) = await evening.fill(2)
    grace, hedy = await page_at(1280), await page_at(1280)
    await evening.sign_in(grace, "Grace")
    await evening.sign_in(hedy, "Hedy")
    await grace.goto(evening.server.url + "/review" + evening.query)
    await grace.get_by_role("button", name="Start reviewing").click()
    await on_desk_of(grace, "Learner 1")
    await hedy.goto(f"{evening.server.url}/review/{first}{evening.query}")
    await expect(hedy.locator("#claim")).to_have_text("Grace is reviewing this submission.")
    await hedy.get_by_label("Comments", exact=True).fill("I would say the same.")
    await grace.get_by_role("button", name="Pass").click()
    await on_desk_of(grace, "Learner 2")
    await hedy.get_by_role("button", name="Pass").click()
    await expect(hedy.get_by_role("alert")).to_contain_text(
        "This submission was already approved by Grace: that decision stands."
    )
    await expect(hedy.get_by_role("button", name="Pass")).to_have_count(0)

    # Whoever leaves the desk gives the claim back.
    await hedy.goto(evening.server.url + "/review" + evening.query)
    await expect(hedy.get_by_text("Grace is reviewing")).to_be_visible()
    await grace.goto(evening.server.url + "/review/comments")
    await expect(grace.get_by_role("heading", name="Saved comments")).to_be_visible()
    for _ in range(50):
        if not await evening.connection.fetchval(
            "SELECT count(*) FROM review_claims WHERE submission_id = $1", second
        ):
            break
        await grace.wait_for_timeout(100)
    await hedy.reload()
    await expect(hedy.get_by_text("Grace is reviewing")).to_have_count(0)
    await hedy.get_by_role("button", name="Start reviewing").click()
    await on_desk_of(hedy, "Learner 2")


async def test_the_count_moves_by_itself_and_the_rows_do_not(
    evening: Evening, page_at: PageAt
) -> None:
    await evening.fill(1)
    page = await page_at(1280)
    await evening.sign_in(page, "Grace")
    complaints = complaints_of(page)
    await page.clock.install()
    await page.goto(evening.server.url + "/review" + evening.query)
    await expect(page.locator("#waiting")).to_have_text("1 waits")
    await evening.fill(2)
    await page.clock.run_for(16_000)
    await expect(page.locator("#waiting")).to_have_text("3 wait2 new: refresh")
    await expect(page.locator(".queue > li")).to_have_count(1)
    await page.get_by_role("link", name="2 new: refresh").click()
    await expect(page.locator(".queue > li")).to_have_count(3)
    assert complaints == []


async def test_nothing_in_a_hostile_file_runs_on_the_desk(
    evening: Evening, page_at: PageAt
) -> None:
    page = await page_at(1280)
    await evening.sign_in(page, "Grace")
    complaints = complaints_of(page)
    dialogs: list[str] = []
    asked: list[str] = []
    popups: list[Page] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.context.on("page", lambda popup: popups.append(popup))
    for name, (file_type, content) in HOSTILE.items():
        learner = await add_user(evening.connection, full_name=f"Author of {name}")
        earlier = await evening.hand_in(learner, content, name, file_type)
        later = await evening.hand_in(learner, content + b"\n", name, file_type)
        await page.goto(f"{evening.server.url}/review/{later}")
        await on_desk_of(page, f"Author of {name}")
        for shown in ("#show-changes", "#show-file"):
            await page.keyboard.press("c")
            await expect(page.locator(shown)).to_have_attribute("aria-current", "true")
            await expect(page.frame_locator("iframe").locator("main")).to_be_visible()
        await page.get_by_role("link", name="Beside attempt 1").click()
        await expect(page.locator("iframe")).to_have_count(2)
        await expect(page.frame_locator("iframe >> nth=1").locator("main")).to_be_visible()
        assert await page.title() == f"Five versions, Author of {name}: AIBC"
        assert await page.evaluate("window.ran === undefined")
        assert await page.evaluate(
            "[...document.querySelectorAll('iframe')].every((one) => one.contentDocument === null)"
        )
        assert earlier != later
    assert (dialogs, popups) == ([], [])
    # The viewer of PDFs starts a worker from within its frame.
    own = (evening.server.url, "blob:null/")
    assert [one for one in asked if not one.startswith(own)] == []
    assert complaints == []


async def test_without_javascript_every_decision_is_still_a_form(
    evening: Evening, page_at: PageAt
) -> None:
    (first, second) = await evening.fill(2)
    page = await page_at(1280, javascript=False)
    await evening.sign_in(page, "Grace")
    await page.goto(evening.server.url + "/review" + evening.query)
    await page.get_by_role("button", name="Start reviewing").click()
    await on_desk_of(page, "Learner 1")
    await page.get_by_label("Comments", exact=True).fill("Say which model.")
    await page.get_by_role("button", name="Save this one").click()
    await expect(page.get_by_label("Comments", exact=True)).to_have_value("Say which model.")
    await page.get_by_role("button", name="Needs another try").click()
    await on_desk_of(page, "Learner 2")
    assert await evening.status(first) == ("rejected", "Say which model.")
    await page.get_by_role("button", name="Undo").click()
    await on_desk_of(page, "Learner 1")
    await expect(page.get_by_label("Comments", exact=True)).to_have_value("Say which model.")
    await page.get_by_role("button", name="Pass").click()
    await on_desk_of(page, "Learner 2")
    await page.get_by_role("button", name="Needs another try").click()
    await expect(page.get_by_label("Comments", exact=True)).to_have_attribute(
        "aria-invalid", "true"
    )
    await page.get_by_role("button", name="Say which model.").click()
    await page.get_by_role("button", name="Needs another try").click()
    await expect(page.get_by_role("heading", name="Nothing waits here")).to_be_visible()
    assert await evening.status(second) == ("rejected", "Say which model.")
    assert await evening.status(first) == ("approved", "Say which model.")


@pytest.mark.parametrize(("width", "dark"), [(390, True), (390, False), (1280, True)])
async def test_the_pages_fit_a_phone_and_the_night_and_everybody(
    evening: Evening, page_at: PageAt, width: int, *, dark: bool
) -> None:
    learner = await add_user(evening.connection, full_name="Learner with a Rather Long Name")
    await evening.hand_in(learner, picture(), "a" * 120 + ".png", "image/png")
    await evening.connection.execute(
        "UPDATE resource_submissions SET submission_status = 'rejected', reviewed_by = $2,"
        " review_comments = 'Not yet.' WHERE user_id = $1",
        learner,
        await add_user(evening.connection, role="instructor"),
    )
    waiting = await evening.hand_in(learner, picture(80), "b.png", "image/png")
    page = await page_at(width, dark=dark)
    await evening.sign_in(page, "Grace")
    complaints = complaints_of(page)
    desk = f"/review/{waiting}{evening.query}"
    module = await evening.connection.fetchval(
        "SELECT id FROM module_completions WHERE user_id = $1", learner
    )
    for path in (
        f"/review{evening.query}",
        desk,
        f"{desk}&show=beside",
        "/review/comments",
        "/review/modules",
        f"/review/modules/{module}",
        "/learners",
        f"/learners/{learner}",
        f"/learners/{learner}/work",
        f"/learners/{learner}/quizzes",
        f"/learners/{learner}/pathways/{evening.pathway}",
    ):
        await page.goto(evening.server.url + path)
        await page.wait_for_load_state("networkidle")
        assert (
            await page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            == 0
        ), path
        assert await violations_of(page) == []
    await page.goto(evening.server.url + desk)
    await page.get_by_role("button", name="Pass").click()
    await expect(page.locator(".undo")).to_be_visible()
    assert await violations_of(page) == []
    assert complaints == []
