"""A quiz as a resource's metadata stores it, and what a learner may read of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from aibc.catalog.fields import CatalogModel, Line, LongText, ShortLine, Text

DEFAULT_PASSING_SCORE = 70

_QUIZ_KEYS = ("title", "description", "passingScore", "maxAttempts", "shuffle", "grading")
_QUESTION_KEYS = ("id", "type", "question", "points")
_OPTION_KEYS = ("id", "text")


class Option(CatalogModel):
    """One answer that can be picked."""

    id: ShortLine
    text: Text
    is_correct: bool = Field(alias="isCorrect")


class Question(CatalogModel):
    """One question with its options; `points` are earned whole or not at all."""

    id: ShortLine
    type: Literal["multiple-choice", "true-false", "multiple-select"]
    question: Text
    points: Annotated[int, Field(ge=1, le=1_000)] = 1
    options: Annotated[list[Option], Field(min_length=2, max_length=10)]
    explanation: Text | None = None

    @model_validator(mode="after")
    def _options_fit_the_type(self) -> Question:
        _refuse_repeated("options", (option.id for option in self.options))
        right = sum(option.is_correct for option in self.options)
        if self.type == "true-false" and len(self.options) != 2:
            raise ValueError("of type true-false must have exactly two options")
        if self.type == "multiple-select" and right == 0:
            raise ValueError("must have at least one option with isCorrect: true")
        if self.type != "multiple-select" and right != 1:
            raise ValueError(f"must have exactly one option with isCorrect: true, not {right}")
        return self


class Quiz(CatalogModel):
    """A whole quiz. Without questions it stores none and completes by the learner's word."""

    title: Line
    description: LongText | None = None
    passing_score: Annotated[int, Field(ge=0, le=100, alias="passingScore")] = DEFAULT_PASSING_SCORE
    max_attempts: Annotated[int | None, Field(ge=1, le=1_000, alias="maxAttempts")] = None
    shuffle: bool = False
    grading: Literal["server", "client"] = "server"
    questions: Annotated[list[Question], Field(max_length=200)]

    @model_validator(mode="after")
    def _question_ids_are_unique(self) -> Quiz:
        _refuse_repeated("questions", (question.id for question in self.questions))
        return self

    def stored(self) -> dict[str, Any]:
        """The metadata to store: what the author wrote, in the wire's spelling and no defaults."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def learner_view(metadata: object) -> dict[str, Any]:
    """The quiz without what gives an answer away.

    Built from the keys that may be seen, never by taking away those that may not: a key nobody
    thought of stays hidden. Works on any stored value, so that one row edited by hand into
    another shape cannot take the catalog down.
    """
    shown = _plain_values(metadata, _QUIZ_KEYS)
    if isinstance(metadata, Mapping) and "questions" in metadata:
        shown["questions"] = [
            _question_view(question) for question in _items(metadata, "questions")
        ]
    return shown


def _question_view(question: object) -> dict[str, Any]:
    options = [_plain_values(option, _OPTION_KEYS) for option in _items(question, "options")]
    return {**_plain_values(question, _QUESTION_KEYS), "options": options}


def _items(parent: object, key: str) -> list[object]:
    value = parent.get(key) if isinstance(parent, Mapping) else None
    return value if isinstance(value, list) else []


def _plain_values(parent: object, keys: Iterable[str]) -> dict[str, Any]:
    if not isinstance(parent, Mapping):
        return {}
    return {
        key: parent[key]
        for key in keys
        if key in parent and not isinstance(parent[key], Mapping | list)
    }


def _refuse_repeated(name: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise ValueError(f"has two {name} with the id '{one}'")
        seen.add(one)
