"""Quizzes to take, and taking them over HTTP, in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx

from fixtures.catalog import Connection
from progress.learner_calls import OWN

Quiz = dict[str, Any]


def question(
    question_id: str,
    right: Sequence[str],
    *,
    options: str = "abcd",
    type: str = "multiple-choice",  # noqa: A002  # the wire's name
    **more: Any,
) -> dict[str, Any]:
    """A question whose right options are `right`; each letter of `options` is one option."""
    return {
        "id": question_id,
        "type": type,
        "question": f"What about {question_id}?",
        "options": [
            {"id": letter, "text": f"Option {letter}", "isCorrect": letter in right}
            for letter in options
        ],
        "explanation": f"Because of {question_id}.",
        **more,
    }


def four_questions(**more: Any) -> Quiz:
    """A quiz of one point a question: a, b, true and the pair a, c are right."""
    return {
        "title": "Four questions",
        "questions": [
            question("q1", "a"),
            question("q2", "b"),
            question("q3", "a", options="ab", type="true-false"),
            question("q4", "ac", type="multiple-select"),
        ],
        **more,
    }


ALL_RIGHT = {"q1": "a", "q2": "b", "q3": "a", "q4": ["a", "c"]}
THREE_RIGHT = {**ALL_RIGHT, "q1": "d"}
TWO_RIGHT = {**THREE_RIGHT, "q2": "d"}
ALL_WRONG = {"q1": "b", "q2": "a", "q3": "b", "q4": ["a"]}


async def attempt(client: httpx.AsyncClient, quiz_id: str, answers: Any) -> httpx.Response:
    return await client.post(f"{OWN}/{quiz_id}/quiz/attempts", json={"answers": answers})


async def history(client: httpx.AsyncClient, quiz_id: str, **query: int) -> httpx.Response:
    return await client.get(f"{OWN}/{quiz_id}/quiz/attempts", params=query)


async def past_attempts(
    client: httpx.AsyncClient, quiz_id: str, **query: int
) -> list[dict[str, Any]]:
    """Own attempts, newest first."""
    response = await history(client, quiz_id, **query)
    assert response.status_code == 200, response.text
    attempts: list[dict[str, Any]] = response.json()
    return attempts


async def edit_quiz(connection: Connection, quiz_id: str, quiz: Quiz) -> None:
    """The catalog changes: the quiz is another one from now on."""
    await connection.execute(
        "UPDATE resources SET metadata = $2::text::jsonb WHERE id = $1", quiz_id, json.dumps(quiz)
    )
