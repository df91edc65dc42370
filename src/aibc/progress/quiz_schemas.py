"""What a learner sends to take a quiz, and what comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from aibc.http.schemas import RequestModel, ResponseModel

MAX_QUESTIONS = 200
MAX_OPTIONS = 10
MAX_PAGE = 200
LARGEST_ATTEMPT = 2**31 - 1


def _refuse_malformed(answer: object) -> object:
    """Judged before the types are, whose messages would name our types instead of the mistake."""
    options = answer if isinstance(answer, list) else [answer or ""]
    if len(options) > MAX_OPTIONS or not all(isinstance(option, str) for option in options):
        raise PydanticCustomError(
            "answer_malformed", "must be an option's id or a list of at most 10 of them"
        )
    return answer


Answer = Annotated[str | list[str] | None, BeforeValidator(_refuse_malformed)]
Answers = Annotated[dict[str, Answer], Field(max_length=MAX_QUESTIONS)]
Score = Annotated[int, Field(ge=0, le=100, examples=[80])]


class AttemptRequest(RequestModel):
    """Answers by question id. What is left out or empty is blank, and blank is wrong."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"answers": {"q1": "b", "q2": ["a", "c"]}}]}
    )

    answers: Answers = Field(description="One option's id; for multiple-select a list of them.")


class QuestionResult(ResponseModel):
    """Whether one question was answered right."""

    question_id: str
    correct: bool
    correct_option_ids: list[str] = Field(
        default_factory=list, description="Only once you have passed; otherwise absent."
    )
    explanation: str = Field(
        default="",
        description="Only once you have passed or have no attempt left, and the question has one.",
    )


class AttemptResult(ResponseModel):
    """A graded attempt."""

    attempt: int = Field(description="1 for the first.")
    score: Score = Field(description="Points earned, in per cent, rounded down.")
    passed: bool
    passing_score: Score
    correct: int = Field(description="Questions answered right.")
    total: int = Field(description="Questions asked.")
    attempts_left: int | None = Field(description="Null: as many as you like.")
    results: list[QuestionResult]


class PastAttempt(AttemptResult):
    """An attempt as it counts today, with what was answered."""

    submitted_at: datetime
    answers: dict[str, str | list[str] | None]
