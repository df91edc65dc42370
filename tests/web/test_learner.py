"""The learner's pages: dashboard, pathway, module, resource, and their word that it is done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from aibc.web.learner.videos import embed_address
from fixtures.browsers import Visit, form_token, send_form
from fixtures.catalog import Connection, MakeSlug, MakeSubmission, MakeUser

OWN = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Course:
    """One pathway with one module: a video, an article, an exercise with a file; and a learner."""

    pathway: str
    module: str
    video: str
    article: str
    exercise: str
    learner: UUID
    browser: httpx.AsyncClient


@pytest.fixture
async def course(
    visit: Visit,
    make_user: MakeUser,
    make_pathway: MakeSlug,
    make_module: MakeSlug,
    make_resource: MakeSlug,
    connection: Connection,
) -> Course:
    learner = await make_user(full_name="Ada Lovelace")
    pathway = await make_pathway(title="Prompting")
    module = await make_module(pathway, title="Foundations")
    video = await make_resource(module, type="video", title="Watch me")
    await connection.execute(
        "UPDATE resources SET url = 'https://www.youtube.com/watch?v=1CIpzeNxIhU' WHERE id = $1",
        video,
    )
    article = await make_resource(module, type="article", title="Read me")
    exercise = await make_resource(
        module, type="exercise", title="Do me", requires_upload=True, max_file_size_mb=2
    )
    browser = await visit(learner)
    return Course(pathway, module, video, article, exercise, learner, browser)


async def by_script(course: Course, path: str) -> httpx.Response:
    """A POST as the page's script sends it."""
    token = form_token(await course.browser.get(f"/resources/{course.video}"))
    headers = {"HX-Request": "true", "X-Form-Token": token, **OWN}
    return await course.browser.post(path, headers=headers)


async def test_a_new_learner_is_welcomed_and_shown_the_pathways(course: Course) -> None:
    page = await course.browser.get("/dashboard?notice=welcome")
    assert page.status_code == 200
    assert "Welcome! Choose a pathway to begin." in page.text
    assert "Choose a pathway to begin</h2>" in page.text
    assert f'href="/pathways/{course.pathway}"' in page.text
    assert "No streak yet" in page.text
    assert "Complete your first resource." in page.text


async def test_the_dashboard_leads_to_the_one_next_thing(course: Course) -> None:
    await send_form(
        course.browser, f"/resources/{course.video}", f"/resources/{course.video}/complete"
    )
    page = await course.browser.get("/dashboard")
    assert 'class="go-on-title">Read me</h2>' in page.text
    assert "Prompting: 33 %" in page.text
    assert "1 day in a row" in page.text
    await by_script(course, f"/resources/{course.article}/start")
    assert "Continue where you were" in (await course.browser.get("/dashboard")).text


async def test_what_came_back_and_what_waits_stand_on_the_dashboard(
    course: Course,
    make_submission: MakeSubmission,
    make_resource: MakeSlug,
    make_user: MakeUser,
) -> None:
    waiting = await make_resource(course.module, type="project", title="Mine", requires_upload=True)
    await make_submission(course.learner, waiting)
    await make_submission(
        course.learner,
        course.exercise,
        submission_status="rejected",
        reviewed_by=await make_user(role="instructor"),
        review_comments="Please <b>label</b> every cell.",
    )
    page = await course.browser.get("/dashboard")
    assert "Needs you" in page.text
    assert "Please &lt;b&gt;label&lt;/b&gt; every cell." in page.text
    assert 'id="waiting"' in page.text
    assert "Mine" in page.text


async def test_when_nothing_is_left_to_do_the_dashboard_says_so(
    course: Course, make_submission: MakeSubmission
) -> None:
    for resource in (course.video, course.article):
        await send_form(course.browser, f"/resources/{resource}", f"/resources/{resource}/complete")
    await make_submission(course.learner, course.exercise)
    page = await course.browser.get("/dashboard")
    assert "Everything you began is done or handed in" in page.text
    pathway = await course.browser.get(f"/pathways/{course.pathway}")
    assert "what you handed in waits for its review" in pathway.text
    assert "Waiting for review" in pathway.text


async def test_a_module_that_came_back_by_hand_is_handed_in_again(
    course: Course, connection: Connection, make_user: MakeUser, make_submission: MakeSubmission
) -> None:
    await connection.execute(
        "UPDATE resources SET is_required = false WHERE module_id = $1", course.module
    )
    page = await course.browser.get(f"/modules/{course.module}")
    assert "Nothing in it counts by itself" in page.text
    sent = await send_form(
        course.browser, f"/modules/{course.module}", f"/modules/{course.module}/hand-in"
    )
    assert sent.headers["location"] == f"/modules/{course.module}?notice=module-handed-in"
    await connection.execute(
        """
        INSERT INTO module_decisions
            (user_id, pathway_id, module_id, kind, approval_status, decided_by, review_comments)
        VALUES ($1, $2, $3, 'decided', 'rejected', $4, 'Show more of your own work.')
        """,
        course.learner,
        course.pathway,
        course.module,
        await make_user(role="instructor"),
    )
    page = await course.browser.get(f"/modules/{course.module}")
    assert "Show more of your own work." in page.text
    assert "Show more of your own work." in (await course.browser.get("/dashboard")).text
    assert (
        "Show more of your own work."
        in (await course.browser.get(f"/pathways/{course.pathway}")).text
    )
    again = await send_form(
        course.browser, f"/modules/{course.module}", f"/modules/{course.module}/hand-in"
    )
    assert again.status_code == 303
    page = await course.browser.get(f"/modules/{course.module}")
    assert "Hand in this module" not in page.text


async def test_a_module_that_is_not_finished_says_what_it_needs(course: Course) -> None:
    refused = await send_form(
        course.browser, f"/modules/{course.module}", f"/modules/{course.module}/hand-in"
    )
    assert refused.status_code == 400
    assert "This module still needs" in refused.text
    assert "Watch me" in refused.text


async def test_a_figure_is_explained_where_it_is_shown(course: Course) -> None:
    pathway = await course.browser.get(f"/pathways/{course.pathway}")
    assert f'href="/pathways/{course.pathway}/why"' in pathway.text
    why = await course.browser.get(f"/pathways/{course.pathway}/why")
    assert "0 of 3 counted are done: 100 × 0 / 3 = 0 %." in why.text
    assert "Counts, and is not done yet: not started." in why.text


async def test_marking_moves_every_figure_on_the_page_without_loading_it(course: Course) -> None:
    answer = await by_script(course, f"/resources/{course.video}/complete")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Marked as done on" in answer.text
    assert 'id="beside" class="stack" hx-swap-oob="true"' in answer.text
    assert 'aria-label="Foundations: 33 %"' in answer.text
    back = await by_script(course, f"/resources/{course.video}/uncomplete")
    assert 'aria-label="Foundations: 0 %"' in back.text
    assert "Mark as done" in back.text


async def test_without_a_script_marking_leads_back_to_the_page(course: Course) -> None:
    sent = await send_form(
        course.browser, f"/resources/{course.article}", f"/resources/{course.article}/complete"
    )
    assert sent.headers["location"] == f"/resources/{course.article}?notice=done"
    page = await course.browser.get(sent.headers["location"])
    assert "Marked as done." in page.text
    again = await send_form(
        course.browser, f"/resources/{course.article}", f"/resources/{course.article}/uncomplete"
    )
    assert again.headers["location"] == f"/resources/{course.article}?notice=not-done"


async def test_what_cannot_be_taken_back_says_why(
    course: Course, make_submission: MakeSubmission
) -> None:
    for resource in (course.video, course.article):
        await send_form(course.browser, f"/resources/{resource}", f"/resources/{resource}/complete")
    await make_submission(course.learner, course.exercise)
    page = await course.browser.get(f"/resources/{course.video}")
    assert "Mark as not done" not in page.text
    refused = await send_form(
        course.browser, f"/resources/{course.video}", f"/resources/{course.video}/uncomplete"
    )
    assert refused.status_code == 403
    assert "its resources stay completed" in refused.text


async def test_minutes_are_kept_as_a_total_that_never_shrinks(course: Course) -> None:
    page = f"/resources/{course.video}"
    assert 'data-counts-minutes="0"' in (await course.browser.get(page)).text
    for minutes in ("12", "7"):
        sent = await send_form(course.browser, page, f"{page}/minutes", minutes=minutes)
        assert sent.status_code == 204
    assert 'data-counts-minutes="12"' in (await course.browser.get(page)).text
    pathway = await course.browser.get(f"/pathways/{course.pathway}")
    assert "You have spent 12 min here so far" in pathway.text
    for wrong in ("-1", "many", "", "100001"):
        refused = await send_form(course.browser, page, f"{page}/minutes", minutes=wrong)
        assert refused.status_code == 422
    await send_form(course.browser, page, f"{page}/complete")
    assert "data-counts-minutes" not in (await course.browser.get(page)).text


async def test_looking_at_a_page_writes_nothing(course: Course, connection: Connection) -> None:
    for path in (
        "/dashboard",
        f"/pathways/{course.pathway}",
        f"/modules/{course.module}",
        f"/resources/{course.video}",
    ):
        assert (await course.browser.get(path)).status_code == 200
    assert await connection.fetchval("SELECT count(*) FROM user_progress") == 0


@pytest.mark.parametrize("level", ["resources", "modules", "pathways"])
async def test_what_is_not_live_is_not_there(
    course: Course, connection: Connection, level: str
) -> None:
    await connection.execute(f"UPDATE {level} SET is_published = false")
    assert (await course.browser.get(f"/resources/{course.video}")).status_code == 404
    if level != "resources":
        assert (await course.browser.get(f"/modules/{course.module}")).status_code == 404
    if level == "pathways":
        assert (await course.browser.get(f"/pathways/{course.pathway}")).status_code == 404
        assert (await course.browser.get(f"/pathways/{course.pathway}/why")).status_code == 404
    assert (await course.browser.get("/dashboard")).status_code == 200


async def test_a_video_is_asked_for_only_once_it_is_played(course: Course) -> None:
    page = await course.browser.get(f"/resources/{course.video}")
    assert "<iframe" not in page.text
    assert "youtube-nocookie" not in page.headers["content-security-policy"]
    playing = await course.browser.get(f"/resources/{course.video}?play=1")
    assert 'src="https://www.youtube-nocookie.com/embed/1CIpzeNxIhU"' in playing.text
    policy = playing.headers["content-security-policy"]
    frames = re.search(r"frame-src ([^;]+)", policy)
    assert frames
    assert frames[1] == "'self' https://www.youtube-nocookie.com https://player.vimeo.com"
    elsewhere = await course.browser.get(f"/resources/{course.article}?play=1")
    assert "youtube-nocookie" not in elsewhere.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("address", "player"),
    [
        (
            "https://www.youtube.com/watch?v=1CIpzeNxIhU&t=3",
            "youtube-nocookie.com/embed/1CIpzeNxIhU",
        ),
        ("https://youtu.be/1CIpzeNxIhU", "youtube-nocookie.com/embed/1CIpzeNxIhU"),
        ("https://m.youtube.com/shorts/1CIpzeNxIhU", "youtube-nocookie.com/embed/1CIpzeNxIhU"),
        ("https://vimeo.com/76979871", "player.vimeo.com/video/76979871?dnt=1"),
        ("https://youtube.com.evil.example/watch?v=1CIpzeNxIhU", None),
        ("https://evil.example/youtube.com/watch?v=1CIpzeNxIhU", None),
        ('https://www.youtube.com/watch?v="><script>', None),
        ("http://www.youtube.com/watch?v=1CIpzeNxIhU", None),
        ("https://vimeo.com/channels", None),
        ("https://[", None),
        (None, None),
    ],
)
def test_only_players_of_sites_we_know_are_framed(address: str | None, player: str | None) -> None:
    found = embed_address(address)
    assert found == player if player is None else (found or "").endswith(player)
