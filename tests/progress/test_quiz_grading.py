"""The database's grader against one written a second time, on quizzes nobody thought of."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aibc.catalog.quiz import Quiz

SETS_AT_ONCE = 4

ids = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=6)


@st.composite
def questions(draw: st.DrawFn, question_id: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(["multiple-choice", "true-false", "multiple-select"]))
    highest = 2 if kind == "true-false" else 10
    options = draw(st.lists(ids, min_size=2, max_size=highest, unique=True))
    most = len(options) if kind == "multiple-select" else 1
    right = draw(st.sets(st.sampled_from(options), min_size=1, max_size=most))
    made: dict[str, Any] = {
        "id": question_id,
        "type": kind,
        "question": "?",
        "options": [{"id": one, "text": one, "isCorrect": one in right} for one in options],
    }
    if draw(st.booleans()):
        made["points"] = draw(st.integers(1, 1000))
    return made


@st.composite
def quizzes(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(ids, min_size=1, max_size=6, unique=True))
    quiz: dict[str, Any] = {"title": "A quiz", "questions": [draw(questions(n)) for n in names]}
    if draw(st.booleans()):
        quiz["passingScore"] = draw(st.integers(0, 100))
    return quiz


@st.composite
def answers_to(draw: st.DrawFn, quiz: dict[str, Any]) -> dict[str, Any]:
    """Answers that fit the quiz; every second or so is right."""
    answers: dict[str, Any] = {}
    for question in quiz["questions"]:
        options = [option["id"] for option in question["options"]]
        right = [option["id"] for option in question["options"] if option["isCorrect"]]
        if question["type"] == "multiple-select":
            wrong: st.SearchStrategy[Any] = st.lists(st.sampled_from(options), max_size=10)
            answer = draw(st.permutations(right) | wrong | st.sampled_from([None, ""]))
        else:
            answer = draw(st.just(right[0]) | st.sampled_from([*options, None, ""]))
        if draw(st.integers(0, 9)):
            answers[question["id"]] = answer
    return answers


@st.composite
def taken_quizzes(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    quiz = draw(quizzes())
    return quiz, draw(st.lists(answers_to(quiz), min_size=1, max_size=SETS_AT_ONCE))


def graded(quiz: dict[str, Any], answers: dict[str, Any]) -> tuple[int, int, bool, list[str], int]:
    """Score, passing score, passed, ids answered right, number of questions."""
    earned = possible = 0
    right_ids = []
    for question in quiz["questions"]:
        answer = answers.get(question["id"]) or []
        chosen = {answer} if isinstance(answer, str) else set(answer)
        points = question.get("points", 1)
        possible += points
        if chosen == {option["id"] for option in question["options"] if option["isCorrect"]}:
            earned += points
            right_ids.append(question["id"])
    passing = quiz.get("passingScore", 70)
    passed = 100 * earned >= passing * possible
    return 100 * earned // possible, passing, passed, right_ids, len(quiz["questions"])


@pytest.fixture
def ask(database_url: str) -> Iterator[Any]:
    """`ask(statement, *arguments)`: rows, on one connection that all examples share."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(database_url))
        yield lambda statement, *arguments: runner.run(connection.fetch(statement, *arguments))
        runner.run(connection.close())


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(taken_quizzes(), min_size=1, max_size=3))
def test_the_database_grades_like_the_rules_say(
    ask: Any, taken: list[tuple[dict[str, Any], list[dict[str, Any]]]]
) -> None:
    sets = [(number, answers) for number, (_, sets) in enumerate(taken, 1) for answers in sets]
    for quiz, _ in taken:
        Quiz.model_validate(quiz)
    rows = ask(
        "SELECT * FROM graded_answers($1::text[]::jsonb[], $2, $3::text[]::jsonb[]) ORDER BY place",
        [json.dumps(quiz) for quiz, _ in taken],
        [number for number, _ in sets],
        [json.dumps(answers) for _, answers in sets],
    )
    found = [
        (row["score"], row["passing_score"], row["passed"], row["correct_questions"], row["total"])
        for row in rows
    ]
    assert found == [graded(taken[number - 1][0], answers) for number, answers in sets]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(taken_quizzes())
def test_answers_that_fit_the_quiz_are_never_refused(
    ask: Any, taken: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    quiz, sets = taken
    ask(
        "SELECT check_quiz_answers($1::text::jsonb, one::jsonb) FROM unnest($2::text[]) AS one",
        json.dumps(quiz),
        [json.dumps(answers) for answers in sets],
    )


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(quizzes(), st.data())
def test_a_regrade_by_the_same_quiz_has_nothing_to_correct(
    ask: Any, quiz: dict[str, Any], data: st.DataObject
) -> None:
    """And by another quiz it keeps what was asked, in its order."""
    other = data.draw(quizzes())
    (row,) = ask(
        """
        SELECT corrected_quiz($1::text::jsonb, $1::text::jsonb) -> 'questions' AS same,
               corrected_quiz($1::text::jsonb, $2::text::jsonb) AS corrected
        """,
        json.dumps(quiz),
        json.dumps(other),
    )
    assert json.loads(row["same"]) == quiz["questions"]
    corrected = json.loads(row["corrected"])
    present = {question["id"]: question for question in other["questions"]}
    assert corrected["questions"] == [
        present.get(question["id"], question) for question in quiz["questions"]
    ]
    assert corrected["passingScore"] == min(
        quiz.get("passingScore", 70), other.get("passingScore", 70)
    )
