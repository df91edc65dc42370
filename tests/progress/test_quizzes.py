"""The rules of taking a quiz, over HTTP."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from pydantic import TypeAdapter

from aibc.progress.quiz_schemas import AttemptResult, PastAttempt
from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeSlug, MakeUser
from fixtures.problems import assert_problem
from progress.conftest import Course
from progress.learner_calls import complete, read, refused, report, start, taken
from progress.quiz_calls import (
    ALL_RIGHT,
    ALL_WRONG,
    THREE_RIGHT,
    TWO_RIGHT,
    attempt,
    edit_quiz,
    four_questions,
    history,
    past_attempts,
    question,
)
from rollups.recount import differences


@pytest.fixture
async def quiz(course: Course, make_resource: MakeSlug) -> str:
    """Four questions, pass mark 70, as many attempts as one likes."""
    return await make_resource(course.module, type="quiz", metadata=four_questions())


@pytest.fixture
async def limited_quiz(course: Course, make_resource: MakeSlug) -> str:
    """The same with two attempts."""
    return await make_resource(course.module, type="quiz", metadata=four_questions(maxAttempts=2))


async def test_nobody_takes_a_quiz_without_signing_in(
    anonymous: httpx.AsyncClient, quiz: str
) -> None:
    assert refused(await attempt(anonymous, quiz, ALL_RIGHT)) == (401, "sign_in_required")
    assert refused(await history(anonymous, quiz)) == (401, "sign_in_required")


async def test_three_of_four_right_is_a_pass_with_75(client: httpx.AsyncClient, quiz: str) -> None:
    response = await attempt(client, quiz, THREE_RIGHT)
    assert taken(response) == {
        "attempt": 1,
        "score": 75,
        "passed": True,
        "passing_score": 70,
        "correct": 3,
        "total": 4,
        "attempts_left": None,
        "results": [
            {
                "question_id": "q1",
                "correct": False,
                "correct_option_ids": ["a"],
                "explanation": "Because of q1.",
            },
            {
                "question_id": "q2",
                "correct": True,
                "correct_option_ids": ["b"],
                "explanation": "Because of q2.",
            },
            {
                "question_id": "q3",
                "correct": True,
                "correct_option_ids": ["a"],
                "explanation": "Because of q3.",
            },
            {
                "question_id": "q4",
                "correct": True,
                "correct_option_ids": ["a", "c"],
                "explanation": "Because of q4.",
            },
        ],
    }
    assert response.headers["cache-control"] == "no-store"


async def test_a_pass_completes_the_quiz_and_moves_the_figures(
    client: httpx.AsyncClient, quiz: str, course: Course, connection: Connection
) -> None:
    taken(await attempt(client, quiz, ALL_RIGHT))
    record = taken(await read(client, quiz))
    assert (record["status"], record["progress_percentage"]) == ("completed", 100)
    assert record["completed_at"] is not None
    figures = await connection.fetchval("SELECT progress_percentage FROM module_progress")
    assert figures == 100 * 1 // 6
    assert await differences(connection) == []


async def test_a_fail_leaves_the_quiz_in_progress_and_gives_nothing_away(
    client: httpx.AsyncClient, quiz: str
) -> None:
    result = taken(await attempt(client, quiz, TWO_RIGHT))
    assert (result["score"], result["passed"], result["correct"]) == (50, False, 2)
    assert result["results"] == [
        {"question_id": "q1", "correct": False},
        {"question_id": "q2", "correct": False},
        {"question_id": "q3", "correct": True},
        {"question_id": "q4", "correct": True},
    ]
    record = taken(await read(client, quiz))
    assert (record["status"], record["completed_at"]) == ("in_progress", None)


async def test_the_record_says_how_the_quiz_went(client: httpx.AsyncClient, quiz: str) -> None:
    await attempt(client, quiz, TWO_RIGHT)
    await attempt(client, quiz, ALL_WRONG)
    metadata = taken(await read(client, quiz))["metadata"]
    assert metadata == {
        "quiz_score": 50,
        "quiz_passed": False,
        "quiz_attempts": 2,
        "selected_answers": ALL_WRONG,
    }
    await attempt(client, quiz, ALL_RIGHT)
    passed = (await past_attempts(client, quiz))[0]
    assert taken(await read(client, quiz))["metadata"] == {
        "quiz_score": 100,
        "quiz_passed": True,
        "quiz_attempts": 3,
        "quiz_completed_at": passed["submitted_at"],
        "selected_answers": ALL_RIGHT,
    }


async def test_a_fail_after_a_pass_takes_nothing_back(
    client: httpx.AsyncClient, quiz: str, connection: Connection
) -> None:
    await attempt(client, quiz, THREE_RIGHT)
    before = taken(await read(client, quiz))
    result = taken(await attempt(client, quiz, ALL_WRONG))
    assert (result["passed"], result["score"]) == (False, 0)
    after = taken(await read(client, quiz))
    for field in ("status", "completed_at", "progress_percentage"):
        assert after[field] == before[field]
    for key in ("quiz_score", "quiz_passed", "quiz_completed_at"):
        assert after["metadata"][key] == before["metadata"][key]
    assert after["metadata"]["quiz_attempts"] == 2
    assert await differences(connection) == []


async def test_what_the_client_keeps_on_the_record_survives_an_attempt(
    client: httpx.AsyncClient, quiz: str
) -> None:
    await report(client, quiz, metadata={"bookmark": 3}, time_spent_minutes=4, notes="Hm")
    await attempt(client, quiz, ALL_RIGHT)
    record = taken(await read(client, quiz))
    assert record["metadata"]["bookmark"] == 3
    assert (record["time_spent_minutes"], record["notes"]) == (4, "Hm")


async def test_a_start_before_and_after_changes_nothing_about_the_attempts(
    client: httpx.AsyncClient, quiz: str
) -> None:
    first = taken(await start(client, quiz))
    await attempt(client, quiz, ALL_RIGHT)
    again = taken(await start(client, quiz))
    assert (again["id"], again["status"]) == (first["id"], "completed")


@pytest.mark.parametrize("answers", [{}, {"q1": None}, {"q1": "", "q4": []}])
async def test_a_blank_answer_is_wrong(
    client: httpx.AsyncClient, quiz: str, answers: dict[str, Any]
) -> None:
    result = taken(await attempt(client, quiz, answers))
    assert (result["score"], result["correct"], result["total"]) == (0, 0, 4)


@pytest.mark.parametrize("chosen", [["a"], ["c"], ["a", "b", "c"], ["a", "b"], "a"])
async def test_a_part_of_a_multiple_select_is_worth_nothing(
    client: httpx.AsyncClient, quiz: str, chosen: Any
) -> None:
    result = taken(await attempt(client, quiz, {**ALL_RIGHT, "q4": chosen}))
    assert result["correct"] == 3


async def test_order_and_repetition_in_a_list_do_not_matter(
    client: httpx.AsyncClient, quiz: str
) -> None:
    result = taken(await attempt(client, quiz, {**ALL_RIGHT, "q4": ["c", "a", "c"]}))
    assert result["correct"] == 4


@pytest.mark.parametrize(
    ("earned", "passing_score", "score", "passed"),
    [(2, 67, 66, False), (2, 66, 66, True), (1, 34, 33, False), (1, 33, 33, True), (0, 0, 0, True)],
)
async def test_the_score_is_rounded_down_and_the_pass_is_exact(
    client: httpx.AsyncClient,
    course: Course,
    make_resource: MakeSlug,
    earned: int,
    passing_score: int,
    score: int,
    passed: bool,
) -> None:
    thirds = {
        "title": "Thirds",
        "passingScore": passing_score,
        "questions": [question(name, "a") for name in ("q1", "q2", "q3")],
    }
    quiz = await make_resource(course.module, type="quiz", metadata=thirds)
    answers = dict.fromkeys(("q1", "q2", "q3")[:earned], "a")
    result = taken(await attempt(client, quiz, answers))
    assert (result["score"], result["passed"]) == (score, passed)
    assert result["passing_score"] == passing_score


async def test_points_weigh_the_questions(
    client: httpx.AsyncClient, course: Course, make_resource: MakeSlug
) -> None:
    weighed = {
        "title": "Weighed",
        "questions": [question("q1", "a", points=8), question("q2", "a", points=2)],
    }
    quiz = await make_resource(course.module, type="quiz", metadata=weighed)
    heavy = taken(await attempt(client, quiz, {"q1": "a"}))
    assert (heavy["score"], heavy["passed"], heavy["correct"]) == (80, True, 1)
    light = taken(await attempt(client, quiz, {"q2": "a"}))
    assert (light["score"], light["passed"], light["correct"]) == (20, False, 1)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"q9": "a"}, "unknown_question"),
        ({"q1": "z"}, "unknown_option"),
        ({"q4": ["a", "z"]}, "unknown_option"),
        ({"q1": ["a"]}, "one_option_only"),
        ({"q3": []}, "one_option_only"),
    ],
)
async def test_answers_that_do_not_fit_the_quiz_are_refused_and_use_no_attempt(
    client: httpx.AsyncClient, quiz: str, answers: dict[str, Any], code: str
) -> None:
    problem = assert_problem(await attempt(client, quiz, answers), 422, code)
    assert problem["errors"] == [{"field": "answers", "message": problem["detail"]}]
    assert next(iter(answers)) in problem["detail"]
    assert (await past_attempts(client, quiz)) == []


@pytest.mark.parametrize(
    "answers",
    [
        None,
        [],
        "a",
        {"q1": 1},
        {"q1": {"a": True}},
        {"q1": True},
        {"q4": [1]},
        {"q4": [None]},
        {"q4": ["a"] * 11},
        {"q\x00": "a"},
    ],
)
async def test_answers_of_another_shape_are_refused(
    client: httpx.AsyncClient, quiz: str, answers: Any
) -> None:
    assert_problem(await attempt(client, quiz, answers), 422, "validation_error")


@pytest.mark.parametrize("answer", ["1", '{"a": 1}', '["a", 1]', "[null]", "true"])
async def test_the_database_refuses_malformed_answers_by_itself(
    connection: Connection, learner: UUID, quiz: str, answer: str
) -> None:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await connection.execute(
            "SELECT learner_attempt_quiz($1, $2, jsonb_build_object('q4', $3::text::jsonb), false)",
            learner,
            quiz,
            answer,
        )
    assert refusal.value.sqlstate == "ZB422"


async def test_fields_that_are_not_known_are_refused(client: httpx.AsyncClient, quiz: str) -> None:
    response = await client.post(
        f"/api/v1/resources/users/me/resources/{quiz}/quiz/attempts",
        json={"answers": {}, "score": 100},
    )
    assert_problem(response, 422, "validation_error")


async def test_what_is_not_a_quiz_has_no_attempts(
    client: httpx.AsyncClient, course: Course
) -> None:
    for resource in (course.video, course.article, course.exercise, course.project):
        assert_problem(await attempt(client, resource, {}), 400, "not_a_quiz")
        assert_problem(await history(client, resource), 400, "not_a_quiz")


@pytest.mark.parametrize(
    "hiding",
    [
        "UPDATE pathways SET is_published = false",
        "UPDATE modules SET removed_at = clock_timestamp()",
        "UPDATE resources SET is_published = false",
    ],
)
async def test_a_quiz_that_is_not_live_is_not_found(
    client: httpx.AsyncClient, quiz: str, connection: Connection, hiding: str
) -> None:
    await connection.execute(hiding)
    assert_problem(await attempt(client, quiz, ALL_RIGHT), 404, "resource_not_found")
    assert_problem(await history(client, quiz), 404, "resource_not_found")
    assert_problem(await attempt(client, "no-such", {}), 404, "resource_not_found")


@pytest.mark.parametrize("change", [{"grading": "client"}, {"questions": []}])
async def test_a_quiz_without_a_key_here_is_completed_by_word(
    client: httpx.AsyncClient, course: Course, make_resource: MakeSlug, change: dict[str, Any]
) -> None:
    metadata = four_questions(**change)
    quiz = await make_resource(course.module, type="quiz", metadata=metadata)
    problem = assert_problem(await attempt(client, quiz, {}), 409, "not_graded_here")
    assert "complete" in problem["detail"]
    assert (await past_attempts(client, quiz)) == []
    assert taken(await complete(client, quiz))["status"] == "completed"


async def test_a_service_that_leaves_grading_to_its_client_takes_no_attempts(
    client_graded_client: httpx.AsyncClient, quiz: str
) -> None:
    response = await attempt(client_graded_client, quiz, ALL_RIGHT)
    assert_problem(response, 409, "not_graded_here")
    assert taken(await complete(client_graded_client, quiz))["status"] == "completed"


async def test_a_graded_quiz_is_not_completed_by_word(client: httpx.AsyncClient, quiz: str) -> None:
    assert refused(await complete(client, quiz)) == (409, "quiz_required")
    await attempt(client, quiz, ALL_WRONG)
    assert refused(await complete(client, quiz)) == (409, "quiz_required")
    await attempt(client, quiz, ALL_RIGHT)
    assert taken(await complete(client, quiz))["status"] == "completed"


async def test_a_quiz_completed_by_word_stays_done_when_it_is_graded_later_and_failed(
    client: httpx.AsyncClient,
    client_graded_client: httpx.AsyncClient,
    quiz: str,
    connection: Connection,
) -> None:
    taken(await complete(client_graded_client, quiz))
    assert taken(await attempt(client, quiz, ALL_WRONG))["passed"] is False
    record = taken(await read(client, quiz))
    assert (record["status"], record["metadata"]["quiz_passed"]) == ("completed", False)
    assert await differences(connection) == []


async def test_attempts_run_out(client: httpx.AsyncClient, limited_quiz: str) -> None:
    assert taken(await attempt(client, limited_quiz, ALL_WRONG))["attempts_left"] == 1
    assert taken(await attempt(client, limited_quiz, ALL_WRONG))["attempts_left"] == 0
    refusal = assert_problem(
        await attempt(client, limited_quiz, ALL_RIGHT), 409, "no_attempts_left"
    )
    assert "instructor" in refusal["detail"]
    assert len(await past_attempts(client, limited_quiz)) == 2


async def test_after_the_last_attempt_there_are_explanations_but_no_key(
    client: httpx.AsyncClient, limited_quiz: str
) -> None:
    await attempt(client, limited_quiz, ALL_WRONG)
    last = taken(await attempt(client, limited_quiz, ALL_WRONG))
    for result in last["results"]:
        assert set(result) == {"question_id", "correct", "explanation"}
    for past in await past_attempts(client, limited_quiz):
        assert past["attempts_left"] == 0
        assert {"explanation"} < set(past["results"][0])
        assert "correct_option_ids" not in past["results"][0]


async def test_after_a_pass_one_may_take_the_quiz_again_while_attempts_are_left(
    client: httpx.AsyncClient, limited_quiz: str
) -> None:
    assert taken(await attempt(client, limited_quiz, ALL_RIGHT))["attempts_left"] == 1
    again = taken(await attempt(client, limited_quiz, ALL_WRONG))
    assert again["results"][0]["correct_option_ids"] == ["a"]
    assert refused(await attempt(client, limited_quiz, ALL_RIGHT)) == (409, "no_attempts_left")


async def test_a_limit_lowered_later_never_counts_below_nought(
    client: httpx.AsyncClient, quiz: str, connection: Connection
) -> None:
    for _ in range(3):
        await attempt(client, quiz, ALL_WRONG)
    await edit_quiz(connection, quiz, four_questions(maxAttempts=1))
    assert (await past_attempts(client, quiz))[0]["attempts_left"] == 0


async def test_the_history_is_newest_first_and_shows_what_was_answered(
    client: httpx.AsyncClient, quiz: str
) -> None:
    await attempt(client, quiz, ALL_WRONG)
    passed = taken(await attempt(client, quiz, ALL_RIGHT))
    newest, oldest = await past_attempts(client, quiz)
    assert {key: newest[key] for key in passed} == passed
    assert (oldest["attempt"], oldest["answers"]) == (1, ALL_WRONG)
    assert oldest["submitted_at"] < newest["submitted_at"]
    assert oldest["submitted_at"].endswith("Z")
    # The key shows in old attempts too, once the quiz is passed.
    assert oldest["results"][0]["correct_option_ids"] == ["a"]


async def test_a_long_history_is_read_in_pages(client: httpx.AsyncClient, quiz: str) -> None:
    for _ in range(5):
        await attempt(client, quiz, ALL_WRONG)

    async def page(**query: int) -> list[int]:
        return [one["attempt"] for one in (await past_attempts(client, quiz, **query))]

    assert await page(limit=2) == [5, 4]
    assert await page(limit=2, before=4) == [3, 2]
    assert await page(before=2) == [1]
    assert await page(before=1) == []


async def test_nobody_sees_the_attempts_of_somebody_else(
    client: httpx.AsyncClient, limited_quiz: str, make_user: MakeUser, sign_in: SignIn
) -> None:
    await attempt(client, limited_quiz, ALL_RIGHT)
    other = await sign_in(await make_user())
    assert (await past_attempts(other, limited_quiz)) == []
    first = taken(await attempt(other, limited_quiz, ALL_WRONG))
    assert (first["attempt"], first["attempts_left"]) == (1, 1)
    assert "correct_option_ids" not in first["results"][0]
    assert len(await past_attempts(other, limited_quiz)) == 1


async def test_later_edits_of_the_catalog_leave_past_attempts_as_they_were(
    client: httpx.AsyncClient, quiz: str, connection: Connection
) -> None:
    await attempt(client, quiz, THREE_RIGHT)
    before = await past_attempts(client, quiz)
    changed = {"title": "Another", "questions": [question("x1", "c")], "passingScore": 100}
    await edit_quiz(connection, quiz, changed)
    assert (await past_attempts(client, quiz)) == before
    result = taken(await attempt(client, quiz, {"x1": "c"}))
    assert (result["attempt"], result["total"], result["passing_score"]) == (2, 1, 100)
    stored = await connection.fetch(
        """
        SELECT quiz FROM quiz_attempts JOIN quiz_snapshots ON quiz_snapshots.id = snapshot_id
        ORDER BY attempt
        """
    )
    assert [json.loads(row["quiz"]) for row in stored] == [four_questions(), changed]


async def test_attempts_at_an_unchanged_quiz_share_one_snapshot(
    client: httpx.AsyncClient, quiz: str, connection: Connection
) -> None:
    await attempt(client, quiz, ALL_WRONG)
    await edit_quiz(connection, quiz, four_questions(passingScore=80))
    await attempt(client, quiz, ALL_WRONG)
    await edit_quiz(connection, quiz, four_questions())
    await attempt(client, quiz, ALL_WRONG)
    assert await connection.fetchval("SELECT count(*) FROM quiz_snapshots") == 2


@pytest.mark.parametrize(
    "table", ["quiz_attempts", "quiz_snapshots", "quiz_regrades", "quiz_grants"]
)
async def test_what_quizzes_keep_is_never_changed_or_removed(
    connection: Connection, table: str
) -> None:
    column = {"quiz_snapshots": "digest = digest"}.get(table, "resource_id = resource_id")
    column = "score = score" if table == "quiz_regrades" else column
    for statement in (
        f"DELETE FROM {table}",
        f"UPDATE {table} SET {column}",
        f"TRUNCATE {table} CASCADE",
    ):
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await connection.execute(statement)
        assert refusal.value.sqlstate == "ZB409"


async def test_an_attempt_written_straight_into_the_table_moves_the_figures_too(
    connection: Connection, learner: UUID, quiz: str
) -> None:
    await connection.execute(
        """
        INSERT INTO quiz_attempts (user_id, resource_id, attempt, snapshot_id, answers, score,
                                   passing_score, passed, correct_questions, total)
        SELECT $1, id, 1, remember_quiz(id, metadata), '{}', 90, 70, true, '{q1}', 4
        FROM resources WHERE id = $2
        """,
        learner,
        quiz,
    )
    row = await connection.fetchrow("SELECT status, metadata FROM resource_completions")
    assert row is not None
    assert row["status"] == "completed"
    assert json.loads(row["metadata"])["quiz_score"] == 90
    assert await differences(connection) == []


@pytest.mark.parametrize(
    "questions",
    [
        [1, None, "x", []],
        [{"id": "q1"}],
        [{"id": "q1", "options": "none"}],
        [{"id": "q1", "points": "many", "options": [{"id": "a", "isCorrect": "true"}]}],
    ],
)
async def test_a_quiz_typed_by_hand_without_a_usable_key_is_never_passed(
    client: httpx.AsyncClient, quiz: str, connection: Connection, questions: list[Any]
) -> None:
    broken = {"questions": questions, "passingScore": "low", "maxAttempts": "few"}
    await edit_quiz(connection, quiz, broken)
    result = taken(await attempt(client, quiz, {}))
    assert (result["passed"], result["score"], result["passing_score"]) == (False, 0, 70)
    assert result["attempts_left"] is None
    assert len(await past_attempts(client, quiz)) == 1


async def test_the_answers_are_as_described(client: httpx.AsyncClient, limited_quiz: str) -> None:
    for answers in (ALL_WRONG, ALL_RIGHT):
        body = (await attempt(client, limited_quiz, answers)).content
        assert dumped(AttemptResult, body) == json.loads(body)
    body = (await history(client, limited_quiz)).content
    assert dumped(list[PastAttempt], body) == json.loads(body)


def dumped(model: Any, body: bytes) -> Any:
    """The body read by the model and written again; what was absent stays absent."""
    adapter = TypeAdapter(model)
    return adapter.dump_python(adapter.validate_json(body), mode="json", exclude_unset=True)
