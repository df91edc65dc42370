"""Taking a quiz on its page: what is asked, what is told, and what stays secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from aibc.app import Application
from aibc.web.learner.quiz_form import questions_of
from fixtures.browsers import Visit, browser_of, open_page, send_form
from fixtures.catalog import Connection, MakeSlug, MakeUser

SECRET = "planted-sentinel-of-the-key"


def quiz(**more: Any) -> dict[str, Any]:
    return {
        "title": "Check",
        "shuffle": True,
        "questions": [
            {
                "id": f"q{number}",
                "type": "multiple-select" if number == 3 else "multiple-choice",
                "question": f"Question {number}?",
                "options": [
                    {"id": "a", "text": f"Right {number}", "isCorrect": True, "note": SECRET},
                    {"id": "b", "text": "Wrong", "isCorrect": False},
                    {"id": "c", "text": "<i>Also</i>", "isCorrect": number == 3},
                ],
                "explanation": f"Because {number}. {SECRET}",
            }
            for number in (1, 2, 3)
        ],
        **more,
    }


RIGHT: dict[str, Any] = {"answer:q1": "a", "answer:q2": "a", "answer:q3": ["a", "c"]}
WRONG: dict[str, Any] = {"answer:q1": "b", "answer:q2": "a", "answer:q3": ["b"]}

MakeQuiz = Callable[..., Any]


@pytest.fixture
async def learner(make_user: MakeUser) -> UUID:
    return await make_user()


@pytest.fixture
async def browser(visit: Visit, learner: UUID) -> httpx.AsyncClient:
    return await visit(learner)


@pytest.fixture
def make_quiz(make_pathway: MakeSlug, make_module: MakeSlug, make_resource: MakeSlug) -> MakeQuiz:
    async def make(**more: Any) -> str:
        module = await make_module(await make_pathway())
        return await make_resource(module, type="quiz", title="The quiz", metadata=quiz(**more))

    return make


async def take(
    browser: httpx.AsyncClient, resource: str, answers: dict[str, Any]
) -> httpx.Response:
    return await send_form(
        browser, f"/resources/{resource}?retake=1", f"/resources/{resource}/attempts", **answers
    )


async def test_a_fail_tells_right_and_wrong_and_nothing_more_and_a_pass_tells_all(
    browser: httpx.AsyncClient, make_quiz: MakeQuiz
) -> None:
    resource = await make_quiz()
    page = await browser.get(f"/resources/{resource}")
    assert page.text.count("<fieldset") == 3
    assert "as many as you like" in page.text
    assert SECRET not in page.text
    sent = await take(browser, resource, WRONG)
    assert sent.headers["location"] == f"/resources/{resource}/attempts/1"
    told = await browser.get(sent.headers["location"])
    assert "33 %, not passed yet" in told.text
    assert told.text.count("pill-bad") == 2
    assert SECRET not in told.text
    assert "Because" not in told.text
    again = await browser.get(f"/resources/{resource}")
    assert "Take it again" in again.text
    assert "<fieldset" not in again.text
    passed = await browser.get((await take(browser, resource, RIGHT)).headers["location"])
    assert "Passed with 100 %" in passed.text
    assert "Because 1." in passed.text
    assert "You have passed this quiz." in (await browser.get(f"/resources/{resource}")).text
    first = await browser.get(f"/resources/{resource}/attempts/1")
    assert "Because 1." in first.text  # once passed, the first attempt is explained too


async def test_the_last_attempt_is_explained_without_the_right_options(
    browser: httpx.AsyncClient, make_quiz: MakeQuiz
) -> None:
    resource = await make_quiz(maxAttempts=1)
    assert "<dt>Attempts left</dt><dd>1</dd>" in (await browser.get(f"/resources/{resource}")).text
    told = await browser.get((await take(browser, resource, WRONG)).headers["location"])
    assert "Because 1." in told.text
    chosen_wrong = re.search(r"1\. .*?</ul>|Question 1\?.*?</ul>", told.text, re.DOTALL)
    assert chosen_wrong
    assert "You have no attempt at this quiz left" in told.text
    page = await browser.get(f"/resources/{resource}?retake=1")
    assert "<fieldset" not in page.text
    refused = await take(browser, resource, RIGHT)
    assert refused.status_code == 409
    assert "ask an instructor to grant you one more" in refused.text


async def test_blank_answers_are_asked_about_once_and_what_was_chosen_is_kept(
    browser: httpx.AsyncClient, make_quiz: MakeQuiz, connection: Connection
) -> None:
    resource = await make_quiz()
    asked = await take(browser, resource, {"answer:q1": "a", "answer:q3": ["a", "c"]})
    assert asked.status_code == 200
    assert "You left 1 question unanswered." in asked.text
    assert asked.text.count(" checked") == 3
    assert await connection.fetchval("SELECT count(*) FROM quiz_attempts") == 0
    sent = await take(
        browser, resource, {"answer:q1": "a", "answer:q3": ["a", "c"], "blanks": "ok"}
    )
    assert sent.status_code == 303
    assert "No answer" in (await browser.get(sent.headers["location"])).text


async def test_text_of_a_quiz_is_shown_as_text(
    browser: httpx.AsyncClient, make_quiz: MakeQuiz
) -> None:
    page = await browser.get(f"/resources/{await make_quiz()}")
    assert "&lt;i&gt;Also&lt;/i&gt;" in page.text
    assert "<i>Also" not in page.text


def test_shuffling_is_the_same_for_one_attempt_and_loses_nothing(make_user: MakeUser) -> None:
    user = UUID(int=1)
    plain = questions_of(quiz(shuffle=False), user, 1)
    assert [one.id for one in plain] == ["q1", "q2", "q3"]
    orders = set()
    for attempt in range(1, 30):
        first = questions_of(quiz(), user, attempt)
        assert first == questions_of(quiz(), user, attempt)
        assert {one.id for one in first} == {"q1", "q2", "q3"}
        assert all({option.id for option in one.options} == {"a", "b", "c"} for one in first)
        orders.add(tuple(one.id for one in first))
    assert len(orders) > 1


async def test_an_option_that_is_gone_costs_no_attempt(
    browser: httpx.AsyncClient, make_quiz: MakeQuiz, connection: Connection
) -> None:
    resource = await make_quiz()
    refused = await take(browser, resource, {**RIGHT, "answer:q1": "gone"})
    assert refused.status_code == 422
    assert "has no option" in refused.text
    assert await connection.fetchval("SELECT count(*) FROM quiz_attempts") == 0


@pytest.mark.parametrize("number", ["0", "2", "99999999999"])
async def test_an_attempt_that_was_never_taken_is_not_there(
    browser: httpx.AsyncClient, make_quiz: MakeQuiz, number: str
) -> None:
    resource = await make_quiz()
    await take(browser, resource, WRONG)
    assert (await browser.get(f"/resources/{resource}/attempts/{number}")).status_code == 404


async def test_the_attempts_of_others_are_theirs(
    browser: httpx.AsyncClient, make_quiz: MakeQuiz, visit: Visit, make_user: MakeUser
) -> None:
    resource = await make_quiz()
    await take(browser, resource, WRONG)
    other = await visit(await make_user())
    assert (await other.get(f"/resources/{resource}/attempts/1")).status_code == 404


@pytest.mark.parametrize("metadata", [{"grading": "client"}, {"questions": []}])
async def test_a_quiz_that_is_not_graded_here_is_marked_as_done(
    browser: httpx.AsyncClient, make_quiz: MakeQuiz, metadata: dict[str, Any]
) -> None:
    resource = await make_quiz(**metadata)
    page = await browser.get(f"/resources/{resource}")
    assert "This quiz is not graded here" in page.text
    assert "<fieldset" not in page.text
    sent = await send_form(browser, f"/resources/{resource}", f"/resources/{resource}/complete")
    assert sent.headers["location"].endswith("?notice=done")


async def test_where_the_client_grades_every_quiz_is_marked_as_done(
    client_graded_application: Application,
    make_quiz: MakeQuiz,
    learner: UUID,
    connection: Connection,
) -> None:
    resource = await make_quiz()
    async with browser_of(client_graded_application) as browser:
        token = await open_page(connection, client_graded_application, learner)
        browser.cookies.set("aibc_session", token)
        page = await browser.get(f"/resources/{resource}")
        assert "This quiz is not graded here" in page.text
        assert SECRET not in page.text


async def test_staff_see_no_key_on_the_page_of_a_learner_either(
    visit: Visit, make_user: MakeUser, make_quiz: MakeQuiz
) -> None:
    staff = await visit(await make_user(role="admin"))
    assert SECRET not in (await staff.get(f"/resources/{await make_quiz()}")).text
