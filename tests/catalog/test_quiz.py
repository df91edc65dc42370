"""A quiz is validated whole when it is stored, and shown to a learner without its answers."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aibc.catalog.fields import sentence
from aibc.catalog.quiz import Quiz, learner_view

SENTINEL = "the-answer-nobody-may-see"


def quiz(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Colours",
        "questions": [
            {
                "id": "q1",
                "type": "multiple-choice",
                "question": "Which one is a primary colour of light?",
                "options": [
                    {"id": "a", "text": "Red", "isCorrect": True},
                    {"id": "b", "text": "Brown", "isCorrect": False},
                ],
                "explanation": SENTINEL,
            }
        ],
    } | changes


def question(**changes: Any) -> dict[str, Any]:
    first: dict[str, Any] = copy.deepcopy(quiz()["questions"][0])
    return first | changes


def options(*right: bool) -> list[dict[str, Any]]:
    return [
        {"id": f"o{place}", "text": f"Answer {place}", "isCorrect": is_right}
        for place, is_right in enumerate(right)
    ]


def refusals(metadata: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Quiz.model_validate(metadata)
    return [
        f"{'.'.join(map(str, error['loc']))}: {sentence(error)}" for error in caught.value.errors()
    ]


def test_a_quiz_is_stored_as_it_was_written() -> None:
    assert Quiz.model_validate(quiz()).stored() == quiz()


def test_the_passing_score_is_70_and_a_question_is_worth_1_point_unless_the_author_says_so() -> (
    None
):
    parsed = Quiz.model_validate(quiz())
    assert parsed.passing_score == 70
    assert parsed.questions[0].points == 1
    assert parsed.grading == "server"
    assert parsed.max_attempts is None


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"passingScore": 101}, "passingScore: `passingScore` must be at most 100"),
        ({"passingScore": -1}, "passingScore: `passingScore` must be at least 0"),
        ({"passingScore": 70.0}, "passingScore: `passingScore` must be a whole number"),
        ({"passingScore": True}, "passingScore: `passingScore` must be a whole number"),
        ({"passing_score": 70}, "passing_score: `passing_score` is not a key that is known here"),
        ({"maxAttempts": 0}, "maxAttempts: `maxAttempts` must be at least 1"),
        ({"grading": "peer"}, "grading: `grading` must be 'server' or 'client'"),
        ({"shuffle": "yes"}, "shuffle: `shuffle` must be true or false"),
        ({"title": " "}, "title: `title` must not be empty"),
        ({"title": "NUL \x00"}, "title: `title` holds a control character"),
        ({"questions": None}, "questions: `questions` must be a list"),
        ({"secret": 1}, "secret: `secret` is not a key that is known here"),
    ],
)
def test_a_quiz_out_of_shape_is_refused_by_name(changes: dict[str, Any], refusal: str) -> None:
    assert refusals(quiz(**changes)) == [refusal]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"points": 0}, "`points` must be at least 1"),
        ({"points": 1.5}, "`points` must be a whole number"),
        ({"type": "essay"}, "`type` must be 'multiple-choice', 'true-false' or 'multiple-select'"),
        ({"options": options(True)}, "`options` must have at least 2 of them"),
        ({"options": options(True, *[False] * 10)}, "`options` must have at most 10 of them"),
        (
            {"options": options(True, True)},
            "entry 1 of `questions` must have exactly one option with isCorrect: true, not 2",
        ),
        (
            {"options": options(False, False)},
            "entry 1 of `questions` must have exactly one option with isCorrect: true, not 0",
        ),
        (
            {"type": "multiple-select", "options": options(False, False)},
            "entry 1 of `questions` must have at least one option with isCorrect: true",
        ),
        (
            {"type": "true-false", "options": options(True, False, False)},
            "entry 1 of `questions` of type true-false must have exactly two options",
        ),
        (
            {"options": [{**option, "id": "same"} for option in options(True, False)]},
            "entry 1 of `questions` has two options with the id 'same'",
        ),
        (
            {"options": [{"id": "a", "text": "Red"}, *options(True)]},
            "`isCorrect` is missing",
        ),
        ({"hint": "x"}, "`hint` is not a key that is known here"),
    ],
)
def test_a_question_out_of_shape_is_refused_by_name(changes: dict[str, Any], refusal: str) -> None:
    (found,) = refusals(quiz(questions=[question(**changes)]))
    assert found.split(": ", 1)[1] == refusal


def test_all_mistakes_are_named_at_once() -> None:
    metadata = quiz(questions=[question(points=0), question(id="q2", type="essay")], grading="no")
    assert len(refusals(metadata)) == 3


def test_two_questions_with_one_id_are_refused() -> None:
    (found,) = refusals(quiz(questions=[question(), question()]))
    assert found.endswith("has two questions with the id 'q1'")


def test_a_quiz_may_store_no_questions() -> None:
    assert Quiz.model_validate(quiz(questions=[])).questions == []


question_types = st.sampled_from(["multiple-choice", "true-false", "multiple-select"])


@given(kind=question_types, right=st.lists(st.booleans(), min_size=0, max_size=12))
def test_the_rule_for_right_options_holds_for_every_list(kind: str, right: list[bool]) -> None:
    metadata = quiz(questions=[question(type=kind, options=options(*right))])
    fits = 2 <= len(right) <= 10 and (
        sum(right) >= 1 if kind == "multiple-select" else sum(right) == 1
    )
    if fits and not (kind == "true-false" and len(right) != 2):
        assert Quiz.model_validate(metadata).stored() == metadata
    else:
        assert refusals(metadata)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(json_values)
def test_any_value_at_all_is_refused_in_words_and_never_crashes_a_learner_view(value: Any) -> None:
    assert refusals(value)
    orjson.dumps(learner_view(value))


def test_a_learner_reads_the_questions_and_options_but_no_answer() -> None:
    shown = learner_view(quiz(passingScore=80, maxAttempts=3, shuffle=True, grading="client"))
    assert shown == {
        "title": "Colours",
        "passingScore": 80,
        "maxAttempts": 3,
        "shuffle": True,
        "grading": "client",
        "questions": [
            {
                "id": "q1",
                "type": "multiple-choice",
                "question": "Which one is a primary colour of light?",
                "options": [{"id": "a", "text": "Red"}, {"id": "b", "text": "Brown"}],
            }
        ],
    }


places = st.sampled_from(["quiz", "question", "option"])


@given(place=places, key=st.text(max_size=12), nested=st.booleans())
def test_a_key_nobody_listed_never_reaches_a_learner(place: str, key: str, nested: bool) -> None:
    metadata = quiz()
    parent = {
        "quiz": metadata,
        "question": metadata["questions"][0],
        "option": metadata["questions"][0]["options"][0],
    }[place]
    shown_keys = {"title", "description", "question", "text", "id", "type", "points", "options"}
    shown_keys |= {"questions", "passingScore", "maxAttempts", "shuffle", "grading"}
    if key not in shown_keys or nested:
        parent[key] = {"isCorrect": SENTINEL} if nested else SENTINEL
    shown = orjson.dumps(learner_view(metadata)).decode()
    assert SENTINEL not in shown
    assert "isCorrect" not in shown
    assert "explanation" not in shown
