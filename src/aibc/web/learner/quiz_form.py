"""A quiz as a form: its questions in the order of this attempt, and the answers that were sent."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request

from aibc.progress.documents import Document
from aibc.web.forms import read_choices

FIELD = "answer:"
Answer = str | list[str]


@dataclass(frozen=True)
class Option:
    id: str
    text: str


@dataclass(frozen=True)
class Question:
    """One question of a form; `field` is the name of its inputs."""

    id: str
    text: str
    takes_many: bool
    points: int
    options: Sequence[Option]

    @property
    def field(self) -> str:
        return FIELD + self.id


@dataclass(frozen=True)
class QuestionResult:
    """One question of an attempt: what was chosen, and what may be told of it."""

    question: Question
    chosen: Collection[str]
    is_right: bool
    right_options: Collection[str]
    explanation: str


def questions_of(view: Mapping[str, Any], user_id: UUID, attempt: int) -> list[Question]:
    """The questions of what a learner may see of a quiz.

    Shuffled if the quiz says so: anew for each attempt, and always the same for one.
    """
    questions = [_question(one) for one in view.get("questions", [])]
    if view.get("shuffle") is not True:
        return questions
    chance = random.Random(f"{user_id}/{attempt}/{len(questions)}")  # noqa: S311
    shuffled = [
        Question(one.id, one.text, one.takes_many, one.points, _shuffled(one, view, chance))
        for one in questions
    ]
    chance.shuffle(shuffled)
    return shuffled


def _shuffled(question: Question, view: Mapping[str, Any], chance: random.Random) -> list[Option]:
    """True stays before false."""
    options = list(question.options)
    kinds = {one.get("id"): one.get("type") for one in view["questions"]}
    if kinds.get(question.id) != "true-false":
        chance.shuffle(options)
    return options


def _question(one: Mapping[str, Any]) -> Question:
    return Question(
        str(one.get("id", "")),
        str(one.get("question", "")),
        one.get("type") == "multiple-select",
        one.get("points", 1),
        [Option(str(o.get("id", "")), str(o.get("text", ""))) for o in one["options"]],
    )


async def read_answers(request: Request, questions: Sequence[Question]) -> dict[str, Answer]:
    """The answers of a form that was read before; a blank question has none."""
    answers: dict[str, Answer] = {}
    for question in questions:
        chosen = await read_choices(request, question.field)
        if chosen:
            answers[question.id] = chosen if question.takes_many else chosen[-1]
    return answers


def results_of(attempt: Document, view: Mapping[str, Any], user_id: UUID) -> list[QuestionResult]:
    """An attempt question by question, in the order in which it was asked."""
    told = {one["question_id"]: one for one in attempt["results"] or []}
    return [
        _result(question, told[question.id], attempt["answers"].get(question.id))
        for question in questions_of(view, user_id, attempt["attempt"])
        if question.id in told
    ]


def _result(question: Question, told: Mapping[str, Any], answer: Any) -> QuestionResult:
    chosen = answer if isinstance(answer, list) else [answer] if answer else []
    return QuestionResult(
        question,
        chosen,
        told["correct"],
        told.get("correct_option_ids", ()),
        told.get("explanation", ""),
    )
