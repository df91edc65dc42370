"""What staff do with quizzes over HTTP: one more attempt, statistics, regrading."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from pydantic import TypeAdapter

from aibc.reviews.quiz_schemas import AttemptGrant, QuizStatistics, RegradeReport
from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeSlug, MakeUser
from fixtures.problems import assert_problem
from progress.learner_calls import read, taken
from progress.quiz_calls import (
    ALL_RIGHT,
    ALL_WRONG,
    THREE_RIGHT,
    TWO_RIGHT,
    attempt,
    edit_quiz,
    four_questions,
    past_attempts,
    question,
)
from reviews.calls import ADMIN
from reviews.conftest import Course
from rollups.recount import differences

MISSING = "no-such-quiz"


def corrected(**more: Any) -> dict[str, Any]:
    """The four questions after somebody noticed that in the first one d is right."""
    quiz = four_questions(**more)
    quiz["questions"][0] = question("q1", "d")
    return quiz


@pytest.fixture
async def quiz(course: Course, make_resource: MakeSlug) -> str:
    """Four questions, pass mark 70, two attempts."""
    return await make_resource(course.module, type="quiz", metadata=four_questions(maxAttempts=2))


@pytest.fixture
async def clients(make_user: MakeUser, sign_in: SignIn) -> list[httpx.AsyncClient]:
    """Four learners, signed in."""
    return [await sign_in(await make_user()) for _ in range(4)]


async def grant(client: httpx.AsyncClient, quiz_id: str, user: UUID | str) -> httpx.Response:
    url = f"{ADMIN}/quizzes/{quiz_id}/grant-attempt"
    return await client.post(url, params={"user_id": str(user)})


async def statistics(client: httpx.AsyncClient, quiz_id: str, **query: str) -> httpx.Response:
    return await client.get(f"{ADMIN}/quizzes/{quiz_id}/statistics", params=query)


async def regrade(client: httpx.AsyncClient, quiz_id: str, **body: Any) -> httpx.Response:
    return await client.post(f"{ADMIN}/quizzes/{quiz_id}/regrade", json=body)


async def everything_kept(connection: Connection) -> list[Any]:
    """All that a regrade could write."""
    tables = ("quiz_snapshots", "quiz_attempts", "quiz_regrades", "resource_completions")
    return [
        sorted(map(str, await connection.fetch(f"SELECT * FROM {table}")))
        for table in (*tables, "module_progress", "user_progress", "module_decisions")
    ]


def assert_described(model: Any, response: httpx.Response) -> None:
    adapter = TypeAdapter(model)
    body = response.content
    assert adapter.dump_python(adapter.validate_json(body), mode="json") == json.loads(body)


async def test_a_learner_has_no_way_to_the_staff_side_of_quizzes(
    client: httpx.AsyncClient, learner: UUID, quiz: str
) -> None:
    assert_problem(await grant(client, quiz, learner), 403, "role_refused")
    assert_problem(await statistics(client, quiz), 403, "role_refused")
    assert_problem(await regrade(client, quiz), 403, "role_refused")


async def test_what_is_no_quiz_has_no_staff_side(
    reviewer: httpx.AsyncClient, learner: UUID, course: Course
) -> None:
    for resource, status, code in (
        (MISSING, 404, "resource_not_found"),
        (course.exercise, 400, "not_a_quiz"),
    ):
        assert_problem(await grant(reviewer, resource, learner), status, code)
        assert_problem(await statistics(reviewer, resource), status, code)
        assert_problem(await regrade(reviewer, resource), status, code)
        assert_problem(await regrade(reviewer, resource, dry_run=False), status, code)


async def test_a_granted_attempt_is_one_more(
    client: httpx.AsyncClient, reviewer: httpx.AsyncClient, learner: UUID, quiz: str
) -> None:
    for _ in range(2):
        await attempt(client, quiz, ALL_WRONG)
    response = await grant(reviewer, quiz, learner)
    assert taken(response) == {
        "resource_id": quiz,
        "user_id": str(learner),
        "attempts_used": 2,
        "attempts_left": 1,
    }
    assert_described(AttemptGrant, response)
    assert taken(await attempt(client, quiz, ALL_RIGHT))["attempts_left"] == 0
    assert_problem(await attempt(client, quiz, ALL_RIGHT), 409, "no_attempts_left")


async def test_a_grant_hides_the_explanations_again(
    client: httpx.AsyncClient, reviewer: httpx.AsyncClient, learner: UUID, quiz: str
) -> None:
    for _ in range(2):
        await attempt(client, quiz, ALL_WRONG)
    assert "explanation" in (await past_attempts(client, quiz))[0]["results"][0]
    await grant(reviewer, quiz, learner)
    assert "explanation" not in (await past_attempts(client, quiz))[0]["results"][0]


async def test_a_grant_is_for_one_learner_and_says_who_gave_it(
    clients: list[httpx.AsyncClient],
    reviewer: httpx.AsyncClient,
    instructor: UUID,
    learner: UUID,
    quiz: str,
    connection: Connection,
) -> None:
    assert taken(await grant(reviewer, quiz, learner))["attempts_left"] == 3
    assert taken(await attempt(clients[0], quiz, ALL_WRONG))["attempts_left"] == 1
    rows = await connection.fetch("SELECT user_id, resource_id, granted_by FROM quiz_grants")
    assert [tuple(row) for row in rows] == [(learner, quiz, instructor)]
    # Nothing was started on the learner's behalf.
    assert (
        await connection.fetchval("SELECT count(*) FROM user_progress WHERE user_id = $1", learner)
        == 0
    )


async def test_grants_that_make_no_sense_are_refused(
    reviewer: httpx.AsyncClient,
    instructor: UUID,
    learner: UUID,
    quiz: str,
    connection: Connection,
) -> None:
    assert_problem(await grant(reviewer, quiz, uuid4()), 404, "user_not_found")
    assert_problem(await grant(reviewer, quiz, "someone"), 422, "validation_error")
    assert_problem(await grant(reviewer, quiz, instructor), 403, "own_work")
    await edit_quiz(connection, quiz, four_questions())
    assert_problem(await grant(reviewer, quiz, learner), 409, "attempts_unlimited")
    assert await connection.fetchval("SELECT count(*) FROM quiz_grants") == 0


async def test_the_database_itself_refuses_a_grant_to_oneself(
    connection: Connection, instructor: UUID, quiz: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="own_work"):
        await connection.execute(
            "INSERT INTO quiz_grants (user_id, resource_id, granted_by) VALUES ($1, $2, $1)",
            instructor,
            quiz,
        )


async def test_statistics_of_a_quiz_that_nobody_took_are_noughts_and_nulls(
    reviewer: httpx.AsyncClient, quiz: str
) -> None:
    response = await statistics(reviewer, quiz)
    found = taken(response)
    assert (found["attempts"], found["learners"], found["learners_passed"]) == (0, 0, 0)
    assert (found["pass_rate"], found["mean_score"]) == (None, None)
    first = found["questions"][0]
    assert (first["asked"], first["facility"], first["discrimination"]) == (0, None, None)
    assert (first["flagged"], first["reasons"]) == (False, [])
    assert_described(QuizStatistics, response)


async def test_statistics_count_what_was_chosen(
    clients: list[httpx.AsyncClient], reviewer: httpx.AsyncClient, quiz: str
) -> None:
    for one, answers in zip(
        clients, (ALL_RIGHT, THREE_RIGHT, TWO_RIGHT, {"q4": ["a"]}), strict=True
    ):
        await attempt(one, quiz, answers)
    await attempt(clients[3], quiz, ALL_RIGHT)
    response = await statistics(reviewer, quiz)
    assert_described(QuizStatistics, response)
    found = taken(response)
    assert (found["attempts"], found["learners"], found["learners_passed"]) == (5, 4, 3)
    assert (found["pass_rate"], found["mean_score"]) == (0.6, 65.0)
    q1, _, _, q4 = found["questions"]
    assert (q1["asked"], q1["correct"], q1["blank"], q1["facility"]) == (5, 2, 1, 0.4)
    chosen = {option["option_id"]: option["chosen"] for option in q1["options"]}
    assert chosen == {"a": 2, "b": 0, "c": 0, "d": 2}
    assert [option["is_correct"] for option in q1["options"]] == [True, False, False, False]
    assert {o["option_id"]: o["chosen"] for o in q4["options"]} == {"a": 5, "b": 0, "c": 4, "d": 0}
    first = taken(await statistics(reviewer, quiz, attempts="first"))
    assert (first["attempts"], first["questions"][0]["correct"]) == (4, 1)
    assert_problem(await statistics(reviewer, quiz, attempts="last"), 422, "validation_error")


async def test_discrimination_is_the_correlation_with_the_rest_of_the_quiz(
    clients: list[httpx.AsyncClient], reviewer: httpx.AsyncClient, quiz: str
) -> None:
    """Rests of q1 in thirds: 3, 3, 2 and 1; right, wrong, wrong, wrong."""
    for one, answers in zip(
        clients,
        (ALL_RIGHT, THREE_RIGHT, TWO_RIGHT, {**TWO_RIGHT, "q3": "b"}),
        strict=True,
    ):
        await attempt(one, quiz, answers)
    q1, _, _, q4 = taken(await statistics(reviewer, quiz))["questions"]
    assert q1["discrimination"] == 0.522
    # Everybody has it right: it tells nobody apart.
    assert q4["discrimination"] is None


async def test_a_question_whose_key_is_wrong_is_flagged_with_the_reason(
    reviewer: httpx.AsyncClient,
    quiz: str,
    make_user: MakeUser,
    sign_in: SignIn,
    connection: Connection,
) -> None:
    """Nine who know everything choose d in the first question, one who guesses chooses a."""
    for turn in range(10):
        one = await sign_in(await make_user())
        await attempt(one, quiz, THREE_RIGHT if turn else {"q1": "a", "q2": "d", "q3": "b"})
    first, *others = taken(await statistics(reviewer, quiz))["questions"]
    assert first["flagged"]
    assert first["discrimination"] == -1
    assert len(first["reasons"]) == 3
    assert "Option d" in first["reasons"][1]
    assert not any(one["flagged"] for one in others)
    await edit_quiz(connection, quiz, corrected())
    assert not taken(await statistics(reviewer, quiz))["questions"][0]["flagged"]


async def test_statistics_ask_each_attempt_only_about_what_it_was_asked(
    clients: list[httpx.AsyncClient],
    reviewer: httpx.AsyncClient,
    quiz: str,
    connection: Connection,
) -> None:
    await attempt(clients[0], quiz, ALL_RIGHT)
    grown = four_questions()
    grown["questions"] = [*grown["questions"][1:], question("q5", "c")]
    await edit_quiz(connection, quiz, grown)
    await attempt(clients[1], quiz, {"q5": "c"})
    asked = {
        one["question_id"]: (one["asked"], one["correct"])
        for one in taken(await statistics(reviewer, quiz))["questions"]
    }
    assert asked == {"q2": (2, 1), "q3": (2, 1), "q4": (2, 1), "q5": (1, 1)}


async def test_a_dry_run_reports_and_changes_nothing(
    clients: list[httpx.AsyncClient],
    reviewer: httpx.AsyncClient,
    quiz: str,
    connection: Connection,
) -> None:
    for one, answers in zip(clients, (ALL_RIGHT, TWO_RIGHT, TWO_RIGHT, ALL_WRONG), strict=True):
        await attempt(one, quiz, answers)
    await edit_quiz(connection, quiz, corrected(maxAttempts=2))
    before = await everything_kept(connection)
    response = await regrade(reviewer, quiz)
    assert_described(RegradeReport, response)
    assert taken(response) == {
        "resource_id": quiz,
        "dry_run": True,
        "attempts": 4,
        "learners": 4,
        "attempts_changed": 2,
        "learners_changed": 2,
        "learners_newly_passed": 2,
        "passes_kept": 1,
        "changes": [
            {
                "score_from": 50,
                "score_to": 75,
                "passed_from": False,
                "passed_to": True,
                "attempts": 2,
                "learners": 2,
            }
        ],
    }
    assert taken(await reviewer.post(f"{ADMIN}/quizzes/{quiz}/regrade"))["dry_run"] is True
    assert_problem(await regrade(reviewer, quiz, dry_run="no"), 422, "validation_error")
    assert await everything_kept(connection) == before


@dataclass(frozen=True)
class Corrected:
    """A quiz whose first key was corrected after two learners had taken it."""

    quiz: str
    passed: httpx.AsyncClient
    failed: httpx.AsyncClient


@pytest.fixture
async def mistaken(
    clients: list[httpx.AsyncClient], quiz: str, connection: Connection
) -> Corrected:
    """One passed by the wrong key, one failed because of it."""
    await attempt(clients[0], quiz, {**ALL_RIGHT, "q2": "d"})
    await attempt(clients[1], quiz, TWO_RIGHT)
    await edit_quiz(connection, quiz, corrected(maxAttempts=2))
    return Corrected(quiz, clients[0], clients[1])


async def test_a_regrade_gives_the_pass_that_the_wrong_key_denied(
    reviewer: httpx.AsyncClient, mistaken: Corrected, instructor: UUID, connection: Connection
) -> None:
    expected = taken(await regrade(reviewer, mistaken.quiz))
    done = taken(await regrade(reviewer, mistaken.quiz, dry_run=False))
    assert done == {**expected, "dry_run": False}
    record = taken(await read(mistaken.failed, mistaken.quiz))
    assert (record["status"], record["progress_percentage"]) == ("completed", 100)
    assert record["metadata"] | {"quiz_completed_at": None} == {
        "quiz_score": 75,
        "quiz_passed": True,
        "quiz_attempts": 1,
        "quiz_completed_at": None,
        "selected_answers": TWO_RIGHT,
    }
    (shown,) = await past_attempts(mistaken.failed, mistaken.quiz)
    assert (shown["score"], shown["passed"], shown["correct"]) == (75, True, 3)
    assert shown["results"][0] == {
        "question_id": "q1",
        "correct": True,
        "correct_option_ids": ["d"],
        "explanation": "Because of q1.",
    }
    row = await connection.fetchrow("SELECT regraded_by, created_at FROM quiz_regrades")
    assert row is not None
    assert row["regraded_by"] == instructor
    assert record["metadata"]["quiz_completed_at"] == row["created_at"].isoformat().replace(
        "+00:00", "Z"
    )
    assert await differences(connection) == []


async def test_a_regrade_never_takes_a_pass_back(
    reviewer: httpx.AsyncClient, mistaken: Corrected, connection: Connection
) -> None:
    before = taken(await read(mistaken.passed, mistaken.quiz))
    shown = await past_attempts(mistaken.passed, mistaken.quiz)
    assert taken(await regrade(reviewer, mistaken.quiz, dry_run=False))["passes_kept"] == 1
    assert taken(await read(mistaken.passed, mistaken.quiz)) == before
    assert await past_attempts(mistaken.passed, mistaken.quiz) == shown
    # And once more, after a key that nobody meets.
    await edit_quiz(
        connection,
        mistaken.quiz,
        {**corrected(), "questions": [question(name, "c") for name in ("q1", "q2", "q3", "q4")]},
    )
    await regrade(reviewer, mistaken.quiz, dry_run=False)
    for one in (mistaken.passed, mistaken.failed):
        assert taken(await read(one, mistaken.quiz))["metadata"]["quiz_passed"] is True


async def test_a_regrade_keeps_the_attempt_as_it_was_beside_the_new_result(
    reviewer: httpx.AsyncClient, mistaken: Corrected, connection: Connection
) -> None:
    before = await connection.fetch("SELECT * FROM quiz_attempts ORDER BY id")
    await regrade(reviewer, mistaken.quiz, dry_run=False)
    assert await connection.fetch("SELECT * FROM quiz_attempts ORDER BY id") == before


async def test_a_second_regrade_finds_nothing_more_to_change(
    reviewer: httpx.AsyncClient, mistaken: Corrected, connection: Connection
) -> None:
    await regrade(reviewer, mistaken.quiz, dry_run=False)
    before = await everything_kept(connection)
    again = taken(await regrade(reviewer, mistaken.quiz, dry_run=False))
    assert (again["attempts_changed"], again["changes"]) == (0, [])
    assert await everything_kept(connection) == before


async def test_a_failed_result_may_go_down(
    clients: list[httpx.AsyncClient],
    reviewer: httpx.AsyncClient,
    quiz: str,
    connection: Connection,
) -> None:
    await attempt(clients[0], quiz, {"q1": "a", "q2": "b"})
    await edit_quiz(connection, quiz, corrected())
    report = taken(await regrade(reviewer, quiz, dry_run=False))
    assert [(one["score_from"], one["score_to"]) for one in report["changes"]] == [(50, 25)]
    record = taken(await read(clients[0], quiz))
    assert (record["status"], record["metadata"]["quiz_score"]) == ("in_progress", 25)


async def test_questions_that_are_gone_keep_the_key_they_had(
    clients: list[httpx.AsyncClient],
    reviewer: httpx.AsyncClient,
    quiz: str,
    connection: Connection,
) -> None:
    await attempt(clients[0], quiz, TWO_RIGHT)
    fewer = {"title": "Fewer", "questions": [question("q1", "d"), question("q9", "a")]}
    await edit_quiz(connection, quiz, fewer)
    report = taken(await regrade(reviewer, quiz, dry_run=False))
    assert report["learners_newly_passed"] == 1
    (shown,) = await past_attempts(clients[0], quiz)
    assert [one["question_id"] for one in shown["results"]] == ["q1", "q2", "q3", "q4"]
    assert (shown["score"], shown["total"]) == (75, 4)


@pytest.mark.parametrize(("now", "passed"), [(50, True), (90, False)])
async def test_a_passing_score_lowered_since_counts_and_a_raised_one_does_not(
    clients: list[httpx.AsyncClient],
    reviewer: httpx.AsyncClient,
    quiz: str,
    connection: Connection,
    now: int,
    passed: bool,
) -> None:
    await attempt(clients[0], quiz, TWO_RIGHT)
    await attempt(clients[1], quiz, THREE_RIGHT)
    await edit_quiz(connection, quiz, four_questions(passingScore=now))
    await regrade(reviewer, quiz, dry_run=False)
    assert (await past_attempts(clients[0], quiz))[0]["passed"] is passed
    assert (await past_attempts(clients[1], quiz))[0]["passed"] is True


async def test_a_correction_of_words_alone_changes_no_result(
    clients: list[httpx.AsyncClient],
    reviewer: httpx.AsyncClient,
    quiz: str,
    connection: Connection,
) -> None:
    await attempt(clients[0], quiz, ALL_RIGHT)
    reworded = four_questions()
    reworded["questions"][0]["explanation"] = "Said better."
    await edit_quiz(connection, quiz, reworded)
    report = taken(await regrade(reviewer, quiz, dry_run=False))
    assert (report["attempts_changed"], report["changes"]) == (0, [])
    shown = await past_attempts(clients[0], quiz)
    assert shown[0]["results"][0]["explanation"] == "Said better."


async def test_a_regrade_works_on_a_quiz_that_is_not_live_any_more(
    reviewer: httpx.AsyncClient, mistaken: Corrected, connection: Connection
) -> None:
    await connection.execute("UPDATE resources SET is_published = false WHERE type = 'quiz'")
    done = taken(await regrade(reviewer, mistaken.quiz, dry_run=False))
    assert done["learners_newly_passed"] == 1
    assert await differences(connection) == []


async def test_a_regrade_of_another_quiz_touches_nothing(
    reviewer: httpx.AsyncClient,
    mistaken: Corrected,
    course: Course,
    make_resource: MakeSlug,
    connection: Connection,
) -> None:
    other = await make_resource(course.module, type="quiz", metadata=corrected())
    before = await everything_kept(connection)
    assert taken(await regrade(reviewer, other, dry_run=False))["attempts"] == 0
    assert await everything_kept(connection) == before
