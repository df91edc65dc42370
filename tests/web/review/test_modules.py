"""Modules that wait for approval, as pages, and decisions by hand on them."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from fixtures.browsers import Visit, send_form
from fixtures.catalog import Connection, MakeSubmission, MakeUser
from web.review.conftest import Course
from web.review.steps import read

PAGE = "/review/modules"


@pytest.fixture
async def handed_in(
    connection: Connection, learner: UUID, course: Course, make_submission: MakeSubmission
) -> UUID:
    """The id of a module completion that waits."""
    for resource in (course.exercise, course.project):
        await make_submission(learner, resource)
    completion: UUID = await connection.fetchval("SELECT id FROM module_completions")
    return completion


async def decide(
    browser: httpx.AsyncClient, completion: UUID, verdict: str, comments: str = "", **more: str
) -> httpx.Response:
    return await send_form(
        browser,
        PAGE,
        f"{PAGE}/{completion}/decision",
        verdict=verdict,
        review_comments=comments,
        **more,
    )


async def test_what_waits_stands_there_and_on_the_tab(
    grace: httpx.AsyncClient, handed_in: UUID, course: Course
) -> None:
    page = await read(grace, PAGE)
    assert f'href="/review/modules/{handed_in}"' in page
    for words in ("First words", "Lin Learner", "lin@example.com", "Prompting", "module waits"):
        assert words in page
    assert re.search(r'Modules <span class="pill pill-calm">1</span>', await read(grace, "/review"))
    assert "No module waits" in await read(grace, f"{PAGE}?pathway_id=another")
    assert f"/review/modules/{handed_in}" in await read(
        grace, f"{PAGE}?pathway_id={course.pathway}"
    )


async def test_pages_of_modules_hold_fifty_each(
    grace: httpx.AsyncClient,
    make_user: MakeUser,
    course: Course,
    make_submission: MakeSubmission,
    connection: Connection,
) -> None:
    await connection.execute(
        "UPDATE resources SET is_required = false WHERE id = $1", course.project
    )
    for _ in range(51):
        await make_submission(await make_user(), course.exercise)
    first = await read(grace, PAGE)
    second = await read(grace, f"{PAGE}?page=2")
    rows = re.compile(r'href="/review/modules/([0-9a-f-]{36})"')
    assert (len(rows.findall(first)), len(rows.findall(second))) == (50, 1)
    assert "Next page" in first
    assert "Next page" not in second
    assert "Page before" in second


async def test_a_module_says_why_it_stands_as_it_does(
    grace: httpx.AsyncClient, handed_in: UUID, learner: UUID
) -> None:
    page = await read(grace, f"{PAGE}/{handed_in}")
    for words in (
        "Handed in, not approved yet: waits for reviews.",
        "0 of 2 counted are done: 100 × 0 / 2 = 0 %.",
        "attempt 1 waits for review since",
        f"/learners/{learner}",
        "By the figures: waiting for approval",
    ):
        assert words in page
    assert len(re.findall(r'href="/review/[0-9a-f-]{36}"', page)) == 2


async def test_an_approval_by_hand_needs_no_words_and_a_rejection_does(
    grace: httpx.AsyncClient, handed_in: UUID, connection: Connection
) -> None:
    response = await decide(grace, handed_in, "rejected", "  ")
    assert response.status_code == 422
    assert "A rejection needs comments: tell the learner what to change." in response.text
    response = await decide(grace, handed_in, "approved")
    assert response.headers["location"] == f"{PAGE}?notice=module-approved"
    assert "The module is approved." in await read(grace, response.headers["location"])
    page = await read(grace, f"{PAGE}/{handed_in}")
    assert "by you by hand" in page
    assert "Approved by Grace Teacher" in page
    assert "Change this decision" in page


async def test_a_decision_by_hand_is_changed_by_its_reviewer_and_administrators_alone(
    grace: httpx.AsyncClient, hedy: httpx.AsyncClient, ada: httpx.AsyncClient, handed_in: UUID
) -> None:
    await decide(grace, handed_in, "approved")
    page = await read(hedy, f"{PAGE}/{handed_in}")
    assert "Only its reviewer or an administrator changes it." in page
    assert 'name="verdict"' not in page
    response = await decide(hedy, handed_in, "rejected", "I would not.")
    assert response.status_code == 409
    assert "This module was already approved by Grace Teacher" in response.text
    response = await decide(grace, handed_in, "rejected", "Once more.", change="true")
    assert response.headers["location"] == f"{PAGE}?notice=module-rejected"
    assert "Change this decision" in await read(ada, f"{PAGE}/{handed_in}")
    assert (await decide(ada, handed_in, "approved", change="true")).status_code == 303


async def test_nobody_decides_on_their_own_module(
    visit: Visit,
    make_user: MakeUser,
    course: Course,
    make_submission: MakeSubmission,
    connection: Connection,
) -> None:
    teacher = await make_user(role="admin")
    for resource in (course.exercise, course.project):
        await make_submission(teacher, resource)
    own = await connection.fetchval("SELECT id FROM module_completions")
    browser = await visit(teacher)
    assert "Your own module" in await read(browser, PAGE)
    page = await read(browser, f"{PAGE}/{own}")
    assert "This is your own module: somebody else decides on it." in page
    assert 'name="verdict"' not in page
    response = await decide(browser, own, "approved")
    assert response.status_code == 403
    assert "Nobody decides on their own module." in response.text


async def test_a_module_that_is_no_longer_handed_in_leads_back(
    grace: httpx.AsyncClient,
    learner: UUID,
    handed_in: UUID,
    connection: Connection,
) -> None:
    for row in await connection.fetch("SELECT id FROM resource_submissions"):
        await connection.execute("SELECT withdraw_submission($1, $2)", learner, row["id"])
    response = await decide(grace, handed_in, "approved")
    assert response.headers["location"] == f"{PAGE}?notice=module-gone"
    assert (await grace.get(f"{PAGE}/{handed_in}")).status_code == 404
    assert (await grace.get(f"{PAGE}/{uuid4()}")).status_code == 404


async def test_a_long_wait_is_set_off(
    grace: httpx.AsyncClient, handed_in: UUID, connection: Connection
) -> None:
    assert "pill-warn" not in await read(grace, PAGE)
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            "UPDATE module_completions SET completed_at = completed_at - $1::interval",
            timedelta(days=3),
        )
    page = await read(grace, PAGE)
    assert "pill-warn" in page
    assert "3 days" in page
