"""The learner's whole way in a real browser: by keyboard, without scripts, on a phone."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Locator, Page, expect

from fixtures.axe import violations_of
from fixtures.catalog import Connection, add_module, add_pathway, add_resource, add_user
from fixtures.chromium import PageAt, complaints_of
from fixtures.server import LiveServer

PASSWORD = "Bootcamp-2026!"
TITLE = '<img src=x onerror="document.title=1">'
SECRET = "sentinel-in-the-key"


@dataclass(frozen=True)
class Course:
    pathway: str
    video: str
    article: str
    exercise: str
    quiz: str
    project: str


@pytest.fixture
async def database(live_server: LiveServer) -> AsyncIterator[Connection]:
    connection: Connection = await asyncpg.connect(live_server.database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def course(database: Connection) -> Course:
    name = secrets.token_hex(4)
    pathway = await add_pathway(database, f"path-{name}", title=f"Way {name}")
    module = await add_module(database, pathway, f"module-{name}", title="Foundations")
    ids = {kind: f"{name}-{kind}" for kind in ("video", "article", "exercise", "quiz", "project")}
    await add_resource(database, module, ids["video"], type="video", title="Watch me")
    await database.execute(
        "UPDATE resources SET url = 'https://www.youtube.com/watch?v=1CIpzeNxIhU' WHERE id = $1",
        ids["video"],
    )
    await add_resource(database, module, ids["article"], type="article", title=TITLE)
    for kind in ("exercise", "project"):
        await add_resource(
            database,
            module,
            ids[kind],
            type=kind,
            title=f"Your {kind}",
            requires_upload=True,
            accepted_file_types=["text/plain"],
            max_file_size_mb=2,
        )
    options = [
        {"id": "a", "text": "Yes", "isCorrect": True},
        {"id": "b", "text": "No", "isCorrect": False},
    ]
    questions = [
        {
            "id": f"q{number}",
            "type": "true-false",
            "question": f"Is it {number}?",
            "options": options,
            "explanation": f"{SECRET} {number}",
        }
        for number in (1, 2)
    ]
    await add_resource(
        database,
        module,
        ids["quiz"],
        type="quiz",
        title="Check yourself",
        metadata={"title": "Check", "questions": questions},
    )
    return Course(pathway, **ids)


async def sign_up(page: Page, live_server: LiveServer) -> None:
    await page.goto(live_server.url + "/sign-up")
    await page.get_by_label("Your name").fill("Ada Lovelace")
    await page.get_by_label("E-mail").fill(f"{secrets.token_hex(6)}@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Make my account").click()
    await expect(page.get_by_role("status").first).to_contain_text("Choose a pathway to begin")


async def decide(database: Connection, resource: str, status: str, comments: str) -> None:
    """What an instructor does at the review desk."""
    reviewer = await add_user(database, role="instructor")
    done = await database.execute(
        """
        UPDATE resource_submissions
        SET submission_status = $2, reviewed_by = $3, review_comments = $4
        WHERE resource_id = $1 AND submission_status = 'uploaded' AND deleted_at IS NULL
        """,
        resource,
        status,
        reviewer,
        comments,
    )
    assert done == "UPDATE 1"


def written(directory: Path, name: str, size: int) -> Path:
    path = directory / name
    path.write_text("All my work. " * (size // 13 + 1))
    return path


async def no_overflow(page: Page) -> None:
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(wide) <= 0, page.url


async def test_a_learner_walks_a_pathway_from_sign_up_to_approval(
    live_server: LiveServer,
    page_at: PageAt,
    course: Course,
    database: Connection,
    tmp_path: Path,
) -> None:
    page = await page_at(1280)
    complaints = complaints_of(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.context.route(
        "https://www.youtube-nocookie.com/**", lambda route: route.fulfill(body="A player")
    )
    await sign_up(page, live_server)
    title = await database.fetchval("SELECT title FROM pathways WHERE id = $1", course.pathway)
    await page.get_by_role("link", name=title).click()
    await page.get_by_role("link", name="Begin: Watch me").click()

    # Video: nothing is asked of others before the click; marking moves the figures in place.
    await expect(page.get_by_role("heading", level=1)).to_have_text("Watch me")
    assert all(one.startswith(live_server.url) for one in asked), asked
    await page.get_by_role("link", name="Play it here").click()
    await expect(page.locator("iframe")).to_have_attribute(
        "src", "https://www.youtube-nocookie.com/embed/1CIpzeNxIhU"
    )
    await page.evaluate("window.sameDocument = true")
    await page.get_by_role("button", name="Mark as done").click()
    await expect(page.locator("#mark")).to_contain_text("Marked as done on")
    await expect(page.get_by_role("img", name="Foundations: 20 %")).to_be_visible()
    await page.get_by_role("button", name="Mark as not done").click()
    await expect(page.get_by_role("img", name="Foundations: 0 %")).to_be_visible()
    await page.get_by_role("button", name="Mark as done").click()
    await expect(page.get_by_role("img", name="Foundations: 20 %")).to_be_visible()
    assert await page.evaluate("window.sameDocument")

    # Article with a hostile title.
    await page.get_by_role("link", name="Next").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    await page.get_by_role("button", name="Mark as done").click()
    await expect(page.get_by_role("img", name="Foundations: 40 %")).to_be_visible()

    await hand_in_with_all_that_goes_wrong(page, course, tmp_path)
    await page.get_by_role("link", name="Next").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your project")
    await page.get_by_label("Choose a file").set_input_files(written(tmp_path, "essay.txt", 100))
    await page.get_by_role("button", name="Hand in", exact=True).click()
    await expect(page.locator(".attempt")).to_contain_text("Waiting for review")

    await page.get_by_role("link", name="Next").click()
    await fail_and_pass_the_quiz(page)

    # The project comes back, is handed in again, and all of it is approved.
    await decide(database, course.project, "rejected", "Please <b>show</b> your steps.")
    await page.goto(live_server.url + "/dashboard")
    await expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
    await page.get_by_role("region", name="Needs you").get_by_role("link").click()
    await expect(page.locator(".comment").first).to_contain_text("Please <b>show</b> your steps.")
    await page.get_by_label("Choose a file").set_input_files(written(tmp_path, "better.txt", 100))
    await page.get_by_role("button", name="Hand in", exact=True).click()
    await expect(page.locator(".attempt").first).to_contain_text("Attempt 2")
    await decide(database, course.project, "approved", "Clear now.")
    await decide(database, course.exercise, "approved", "Good.")
    await page.goto(f"{live_server.url}/pathways/{course.pathway}")
    await expect(page.get_by_role("main")).to_contain_text("every module is approved")
    await page.get_by_role("link", name="Why 100 %?").click()
    await expect(page.get_by_role("main")).to_contain_text("5 of 5 counted are done")
    await page.goto(live_server.url + "/submissions")
    await expect(page.locator(".rows > li")).to_have_count(3)
    assert [one for one in complaints if "ERR_INTERNET" not in one and "lost" not in one] == []


async def hand_in_with_all_that_goes_wrong(page: Page, course: Course, directory: Path) -> None:
    """Wrong files are named before they are sent; one upload is cancelled, one drops."""
    await page.get_by_role("link", name="Next").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your exercise")
    await expect(page.get_by_role("main")).to_contain_text("up to 2 MB")
    problem = page.get_by_role("alert")
    choose = page.get_by_label("Choose a file")
    await choose.set_input_files(written(directory, "work.exe", 10))
    await expect(problem).to_have_text("Files ending in .exe are not taken here; accepted: .txt.")
    await choose.set_input_files(written(directory, "large.txt", 3 * 2**20))
    await expect(problem).to_contain_text("larger than the 2 MB allowed here")
    empty = directory / "empty.txt"
    empty.touch()
    await choose.set_input_files(empty)
    await expect(problem).to_contain_text("The file is empty")

    # Dropped on the field instead of chosen.
    await drop(page, "dropped.exe")
    await expect(problem).to_have_text("Files ending in .exe are not taken here; accepted: .txt.")
    await drop(page, "one.txt", "two.txt")
    await expect(problem).to_have_text("Please drop exactly one file.")
    await drop(page, "one.txt")
    await expect(problem).to_be_hidden()

    hostile = "<img src=x onerror=alert(1)> “work”.txt"
    await choose.set_input_files(written(directory, hostile, 3 * 2**19))
    await expect(problem).to_be_hidden()
    send = page.get_by_role("button", name="Hand in", exact=True)
    await page.route("**/upload", lambda _: None, times=1)  # on its way, and never there
    await send.click()
    await expect(page.locator(".sending-name")).to_have_text(hostile)
    await page.get_by_role("button", name="Cancel").click()
    await expect(problem).to_have_text("Cancelled.")
    await expect(problem).to_have_text("Cancelled. Nothing was handed in.")

    await page.route("**/upload", lambda route: route.abort("internetdisconnected"), times=1)
    await send.click()
    await expect(problem).to_contain_text("The connection dropped")
    network = await page.context.new_cdp_session(page)
    await network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    await network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": 300_000})
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".sending-words")).to_have_text(
        re.compile(r"\d+ %, \d+\.\d MB/s, \d+ (s|min) left"), timeout=20_000
    )
    await network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    attempt = page.locator(".attempt")
    await expect(attempt).to_contain_text("Waiting for review", timeout=20_000)
    await expect(attempt).to_contain_text(hostile)
    await expect(page.locator("#beside")).to_contain_text("In progress, 40 %")

    # Withdrawn, and handed in once more.
    await page.get_by_text("Withdraw it").click()
    await page.get_by_role("button", name="Yes, withdraw attempt 1").click()
    await expect(page.get_by_role("main")).to_contain_text("Your file is withdrawn.")
    await page.get_by_label("Choose a file").set_input_files(written(directory, "work.txt", 10))
    await page.get_by_role("button", name="Hand in", exact=True).click()
    await expect(page.locator(".attempt")).to_contain_text("Attempt 2")


async def test_a_file_that_had_arrived_before_it_was_cancelled_is_shown_as_handed_in(
    live_server: LiveServer, page_at: PageAt, course: Course, tmp_path: Path
) -> None:
    page = await page_at(1280)
    await sign_up(page, live_server)
    await page.goto(f"{live_server.url}/resources/{course.exercise}")
    answered = asyncio.Event()
    network = await page.context.new_cdp_session(page)
    network.on("Fetch.requestPaused", lambda _: answered.set())  # and the page never hears of it
    pattern = {"urlPattern": "*/upload", "requestStage": "Response"}
    await network.send("Fetch.enable", {"patterns": [pattern]})
    await page.get_by_label("Choose a file").set_input_files(written(tmp_path, "work.txt", 100))
    await page.get_by_role("button", name="Hand in", exact=True).click()
    await asyncio.wait_for(answered.wait(), 20)
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_text("The file had arrived before you cancelled")).to_be_visible()
    await expect(page.locator(".attempt")).to_contain_text("Waiting for review")
    await expect(page.get_by_text("Nothing was handed in")).to_have_count(0)


async def drop(page: Page, *names: str) -> None:
    transfer = await page.evaluate_handle(
        """(names) => {
            const transfer = new DataTransfer();
            for (const name of names) transfer.items.add(new File(["Mine."], name));
            return transfer;
        }""",
        list(names),
    )
    await page.locator(".drop").dispatch_event("drop", {"dataTransfer": transfer})


async def fail_and_pass_the_quiz(page: Page) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text("Check yourself")
    assert SECRET not in await page.content()
    await page.get_by_label("No").first.check()
    await page.get_by_role("button", name="Hand in my answers").click()
    await expect(page.get_by_role("main")).to_contain_text("You left 1 question unanswered.")
    await page.get_by_role("button", name="Hand in as it is").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("0 %, not passed yet")
    assert SECRET not in await page.content()
    await page.get_by_role("link", name="Try again").click()

    # One at a time, by the keys.
    await page.get_by_role("button", name="One at a time").click()
    await expect(page.get_by_text("Is it 2?")).to_be_hidden()
    await page.keyboard.press("1")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_text("Is it 1?")).to_be_hidden()
    await expect(page.locator(".quiz-place")).to_have_text("Question 2 of 2, 1 answered")
    await page.keyboard.press("1")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Passed with 100 %")
    await expect(page.get_by_role("main")).to_contain_text(f"{SECRET} 1")


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
async def test_without_scripts_a_learner_gets_as_far(
    live_server: LiveServer,
    page_at: PageAt,
    course: Course,
    tmp_path: Path,
    width: int,
    *,
    dark: bool,
) -> None:
    page = await page_at(width, dark=dark, javascript=False)
    await sign_up(page, live_server)
    for path in ("/dashboard", f"/pathways/{course.pathway}", f"/pathways/{course.pathway}/why"):
        await page.goto(live_server.url + path)
    await page.goto(f"{live_server.url}/resources/{course.video}")
    await page.get_by_role("button", name="Mark as done").click()
    await expect(page.get_by_role("main")).to_contain_text("Marked as done.")
    await page.goto(f"{live_server.url}/resources/{course.exercise}")
    await page.get_by_label("Notes").fill("By hand.")
    await page.get_by_label("Choose a file").set_input_files(written(tmp_path, "work.txt", 50_000))
    await page.get_by_role("button", name="Hand in").click()
    await expect(page.get_by_role("main")).to_contain_text("Your file is handed in")
    await expect(page.locator(".attempt")).to_contain_text("Your notes: By hand.")
    await page.get_by_label("Choose a file").set_input_files(written(tmp_path, "work.png", 10))
    await page.get_by_role("button", name="Hand in").click()
    await expect(page.get_by_role("alert").first).to_contain_text("Files ending in .png")
    await page.goto(f"{live_server.url}/resources/{course.quiz}")
    for answer in await page.get_by_label("Yes").all():
        await answer.check()
    await page.get_by_role("button", name="Hand in my answers").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Passed with 100 %")


@pytest.mark.parametrize("dark", [False, True])
async def test_on_a_phone_nothing_is_cut_off(
    live_server: LiveServer, page_at: PageAt, course: Course, *, dark: bool
) -> None:
    page = await page_at(390, dark=dark)
    complaints = complaints_of(page)
    await sign_up(page, live_server)
    resources = [course.video, course.article, course.exercise, course.quiz, course.project]
    for path in (
        "/dashboard",
        f"/pathways/{course.pathway}",
        f"/pathways/{course.pathway}/why",
        "/submissions",
        *(f"/resources/{one}" for one in resources),
    ):
        await page.goto(live_server.url + path)
        await no_overflow(page)
        assert await violations_of(page) == [], path
    assert complaints == []


async def test_the_keyboard_alone_leads_to_a_mark(
    live_server: LiveServer, page_at: PageAt, course: Course
) -> None:
    page = await page_at(1280)
    await sign_up(page, live_server)
    await page.goto(f"{live_server.url}/pathways/{course.pathway}")
    await tab_to(page, page.get_by_role("link", name="Skip to the page"))
    await page.keyboard.press("Enter")
    await tab_to(page, page.get_by_role("link", name="Begin: Watch me"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Watch me")
    await tab_to(page, page.get_by_role("button", name="Mark as done"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#mark")).to_contain_text("Marked as done on")
    # The focus stays where the learner was.
    await expect(page.get_by_role("button", name="Mark as not done")).to_be_focused()
    await tab_to(page, page.get_by_role("link", name="Next"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)


async def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")
