"""What staff send and read about quizzes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from aibc.http.schemas import RequestModel, ResponseModel

Population = Literal["all", "first"]


class AttemptGrant(ResponseModel):
    """How a learner stands after one more attempt was granted."""

    resource_id: str
    user_id: UUID
    attempts_used: int
    attempts_left: int


class OptionStatistics(ResponseModel):
    """One option of a question, and in how many attempts it was chosen."""

    option_id: str
    text: str | None
    is_correct: bool
    chosen: int


class QuestionStatistics(ResponseModel):
    """How one question works, by the key as it stands today."""

    question_id: str
    question: str | None
    type: str | None
    points: int
    asked: int = Field(description="Attempts that held this question.")
    correct: int
    blank: int
    facility: float | None = Field(description="The share that is right, 0–1; null before any.")
    discrimination: float | None = Field(
        description="Correlation with the score in the other questions, -1 to 1. Null where it "
        "says nothing: everybody right or wrong, or no other question."
    )
    flagged: bool
    reasons: list[str] = Field(description="Why it is flagged, a sentence each.")
    options: list[OptionStatistics]


class QuizStatistics(ResponseModel):
    """How a quiz works."""

    resource_id: str
    title: str
    attempts: int
    learners: int
    learners_passed: int
    pass_rate: float | None = Field(description="Passed attempts by attempts, 0–1.")
    mean_score: float | None
    questions: list[QuestionStatistics]


class RegradeRequest(RequestModel):
    """Whether to look or to do."""

    dry_run: bool = Field(default=True, strict=True, description="Only report what would change.")


class RegradeChange(ResponseModel):
    """Attempts that move from one result to another."""

    score_from: int
    score_to: int
    passed_from: bool
    passed_to: bool
    attempts: int
    learners: int


class RegradeReport(ResponseModel):
    """What a regrade changed, or would change."""

    resource_id: str
    dry_run: bool
    attempts: int = Field(description="All there are.")
    learners: int
    attempts_changed: int
    learners_changed: int
    learners_newly_passed: int = Field(description="Their quiz becomes completed.")
    passes_kept: int = Field(
        description="Passed attempts that the present key would lower: they stay as they are."
    )
    changes: list[RegradeChange]
