"""Learners as staff see them: found, with all of their progress and work."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import httpx
import pytest

from fixtures.application import SignIn
from fixtures.browsers import Visit, send_form
from fixtures.catalog import Connection, MakeSlug, MakeSubmission, MakeUser
from progress.quiz_calls import ALL_RIGHT, ALL_WRONG, attempt, four_questions
from web.review.conftest import Course
from web.review.steps import decide, read


@pytest.fixture
async def quiz(course: Course, make_resource: MakeSlug) -> str:
    return await make_resource(
        course.module, type="quiz", title="Four questions", metadata=four_questions(maxAttempts=2)
    )


def names(page: str) -> list[str]:
    return re.findall(r'href="/learners/[0-9a-f-]{36}"><strong>([^<]+)</strong>', page)


async def test_learners_are_found_by_a_part_of_their_name_or_e_mail(
    grace: httpx.AsyncClient, make_user: MakeUser, learner: UUID, submission: UUID
) -> None:
    await make_user(full_name="Maria Oliveira", email="mo@school.example")
    page = await read(grace, "/learners")
    assert names(page)[0] == "Maria Oliveira"
    assert sorted(names(page)) == ["Grace Teacher", "Lin Learner", "Maria Oliveira"]
    assert "3 people" in page
    assert "1 waiting" in page
    assert "1 pathway begun, 0 modules approved" in page
    assert "Nothing begun yet" in page
    assert names(await read(grace, "/learners?q=olive")) == ["Maria Oliveira"]
    assert names(await read(grace, "/learners?q=%20SCHOOL.example%20")) == ["Maria Oliveira"]
    assert "Nobody found" in await read(grace, "/learners?q=nobody-of-that-name")
    # A sign of the pattern language is a letter like any other.
    assert "Nobody found" in await read(grace, "/learners?q=%25")


async def test_pages_of_learners_hold_twenty_five_each_and_keep_the_search(
    grace: httpx.AsyncClient, make_user: MakeUser
) -> None:
    for number in range(26):
        await make_user(full_name=f"Twin {number}")
    first = await read(grace, "/learners?q=twin")
    assert len(names(first)) == 25
    following = re.search(r'href="(/learners\?[^"]+)">Next page', first)
    assert following
    second = await read(grace, following[1])
    assert names(second) == ["Twin 0"]
    assert "Page before" in second
    assert "Next page" not in second
    for query in ("page=0", "page=x", "page=1000000000", f"q={'a' * 201}"):
        assert (await grace.get(f"/learners?{query}")).status_code == 422


async def test_a_learner_shows_pathways_modules_and_what_was_said(
    grace: httpx.AsyncClient,
    learner: UUID,
    course: Course,
    submission: UUID,
    make_submission: MakeSubmission,
    connection: Connection,
) -> None:
    await make_submission(learner, course.project)
    await decide(grace, submission, "approved")
    completion = await connection.fetchval("SELECT id FROM module_completions")
    page = await read(grace, f"/learners/{learner}")
    for words in (
        "Lin Learner",
        "lin@example.com",
        "0 of 1 module approved",
        "Why 50 %?",
        "Waiting for approval",
        f"/review/modules/{completion}",
    ):
        assert words in page
    await send_form(
        grace,
        "/review",
        f"/review/modules/{completion}/decision",
        verdict="rejected",
        review_comments="The template <is> missing.",
    )
    page = (await grace.get(f"/learners/{learner}")).text
    assert "The template &lt;is&gt; missing." in page
    assert "Sent back" in page
    await send_form(
        grace,
        "/review",
        f"/review/modules/{completion}/decision",
        verdict="approved",
        change="true",
    )
    assert "Approved by Grace Teacher" in await read(grace, f"/learners/{learner}")


async def test_why_a_figure_is_what_it_is_is_said_resource_by_resource(
    grace: httpx.AsyncClient,
    learner: UUID,
    course: Course,
    submission: UUID,
    make_submission: MakeSubmission,
) -> None:
    await decide(grace, submission, "approved")
    page = await read(grace, f"/learners/{learner}/pathways/{course.pathway}")
    for words in (
        "Why 50 %?",
        "(50) / 1 = 50 %.",
        "1 of 2 counted are done: 100 × 1 / 2 = 50 %.",
        "Counts, and is done: passed by an instructor on",
        "Counts, and is not done yet: not started.",
    ):
        assert words in page
    assert "fault" not in page
    response = await grace.get(f"/learners/{learner}/pathways/no-such-pathway")
    assert response.status_code == 404


async def test_all_work_is_there_with_its_decisions_the_newest_first(
    grace: httpx.AsyncClient,
    learner: UUID,
    course: Course,
    submission: UUID,
    make_submission: MakeSubmission,
    connection: Connection,
) -> None:
    await decide(grace, submission, "rejected", "Too short.")
    second = await make_submission(learner, course.exercise, file_name="longer.md")
    taken_back = await make_submission(learner, course.project, file_name="gone.md")
    await connection.execute("SELECT withdraw_submission($1, $2)", learner, taken_back)
    page = await read(grace, f"/learners/{learner}/work")
    assert re.findall(r'href="/review/([0-9a-f-]{36})"', page) == [str(second), str(submission)]
    for words in ("Too short.", "Grace Teacher", "longer.md", "attempt 2", "First words"):
        assert words in page
    assert "gone.md" not in page


async def test_work_goes_on_behind_twenty_five_files(
    grace: httpx.AsyncClient, learner: UUID, course: Course, make_submission: MakeSubmission
) -> None:
    made = [str(await make_submission(learner, course.exercise)) for _ in range(26)]
    first = await read(grace, f"/learners/{learner}/work")
    older = re.search(rf'href="(/learners/{learner}/work\?before=\d+)">Older ones', first)
    assert older
    second = await read(grace, older[1])
    rows = re.compile(r'href="/review/([0-9a-f-]{36})"')
    assert rows.findall(first) == made[:0:-1]
    assert rows.findall(second) == made[:1]
    assert "Older ones" not in second


async def test_quizzes_show_each_attempt_and_one_more_is_granted(
    grace: httpx.AsyncClient, learner: UUID, sign_in: SignIn, quiz: str
) -> None:
    client = await sign_in(learner)
    for answers in (ALL_WRONG, ALL_RIGHT):
        await attempt(client, quiz, answers)
    page = await read(grace, f"/learners/{learner}/quizzes")
    assert re.findall(r'<td class="number">(\d+ %)</td><td class="number">(\d of \d)', page) == [
        ("100 %", "4 of 4"),
        ("0 %", "0 of 4"),
    ]
    assert "best 100 %, 0 attempts left" in page
    grant = f"/learners/{learner}/quizzes/{quiz}/grant"
    response = await send_form(grace, "/learners", grant)
    assert response.headers["location"] == f"/learners/{learner}/quizzes?notice=attempt-granted"
    page = await read(grace, response.headers["location"])
    assert "The learner has one more attempt." in page
    assert "1 attempt left, 1 granted" in page


async def test_a_quiz_without_a_limit_has_nothing_to_grant(
    grace: httpx.AsyncClient,
    learner: UUID,
    sign_in: SignIn,
    course: Course,
    make_resource: MakeSlug,
) -> None:
    quiz = await make_resource(course.module, type="quiz", metadata=four_questions())
    await attempt(await sign_in(learner), quiz, ALL_WRONG)
    page = await read(grace, f"/learners/{learner}/quizzes")
    assert "Below 70 %" in page
    assert "/grant" not in page
    response = await send_form(grace, "/learners", f"/learners/{learner}/quizzes/{quiz}/grant")
    assert response.status_code == 409
    assert "there is nothing to grant" in response.text


async def test_nobody_grants_themselves_an_attempt(
    visit: Visit, make_user: MakeUser, sign_in: SignIn, quiz: str
) -> None:
    teacher = await make_user(role="instructor")
    await attempt(await sign_in(teacher), quiz, ALL_WRONG)
    browser = await visit(teacher)
    assert "/grant" not in await read(browser, f"/learners/{teacher}/quizzes")
    response = await send_form(browser, "/learners", f"/learners/{teacher}/quizzes/{quiz}/grant")
    assert response.status_code == 403
    assert "Nobody grants themselves an attempt" in response.text


async def test_who_has_done_nothing_has_empty_pages_and_who_is_not_there_none(
    grace: httpx.AsyncClient, learner: UUID, course: Course
) -> None:
    assert "Nothing begun yet" in await read(grace, f"/learners/{learner}")
    assert "Nothing handed in" in await read(grace, f"/learners/{learner}/work")
    assert "No quiz taken" in await read(grace, f"/learners/{learner}/quizzes")
    for page in ("", "/work", "/quizzes", f"/pathways/{course.pathway}"):
        assert (await grace.get(f"/learners/{uuid4()}{page}")).status_code == 404


async def test_a_name_is_never_markup(
    grace: httpx.AsyncClient, make_user: MakeUser, course: Course, make_submission: MakeSubmission
) -> None:
    learner = await make_user(full_name='"><script>alert(1)</script>')
    await make_submission(learner, course.exercise, file_name="<script>alert(1)</script>.md")
    for path in ("", f"/{learner}", f"/{learner}/work", f"/{learner}/quizzes"):
        page = (await grace.get(f"/learners{path}")).text
        assert "alert(1)" in page
        assert "<script>alert" not in page
