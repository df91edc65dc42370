"""What instructors send and read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from aibc.http.schemas import RequestModel, ResponseModel
from aibc.reviews.cursor import decode_cursor

Verdict = Literal["approved", "rejected"]
Grade = Literal["pass", "fail"]
ResourceType = Literal["video", "article", "exercise", "project", "quiz"]

GRADE_OF: dict[str, str] = {"approved": "pass", "rejected": "fail"}
MAX_COMMENT_CHARACTERS = 10_000
MAX_OFFSET = 1_000_000
# Shorter than comments may be, because every desk brings all of one's saved ones along.
MAX_SAVED_COMMENT_CHARACTERS = 2_000


def blank_is_absent(value: object) -> object:
    """Text of spaces alone says nothing."""
    return None if isinstance(value, str) and not value.strip() else value


def _known_cursor(value: str | None) -> str | None:
    if value is not None:
        decode_cursor(value)
    return value


Slug = Annotated[str, Field(max_length=80)]
Comments = Annotated[str, Field(max_length=MAX_COMMENT_CHARACTERS)]
Filter = Annotated[Slug | None, BeforeValidator(blank_is_absent)]


class PendingQuery(RequestModel):
    """Which part of the queue; parameters it does not know are left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    pathway_id: Filter = None
    module_id: Filter = None
    resource_type: Annotated[ResourceType | None, BeforeValidator(blank_is_absent)] = None
    limit: int = Field(default=50, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=MAX_OFFSET)
    cursor: Annotated[
        str | None, BeforeValidator(blank_is_absent), AfterValidator(_known_cursor)
    ] = Field(default=None, description="`next_cursor` of the page before.")

    @property
    def filters(self) -> tuple[str | None, str | None, str | None]:
        return self.pathway_id, self.module_id, self.resource_type


class PendingSubmission(ResponseModel):
    """One file that waits for a decision."""

    id: UUID
    user_id: UUID
    user_email: str
    user_name: str
    resource_id: str
    resource_title: str
    resource_type: ResourceType
    pathway_id: str
    module_id: str
    attempt: int
    file_name: str
    file_type: str
    file_size_bytes: int
    gcs_url: str
    submission_status: Literal["uploaded"]
    created_at: datetime
    hours_waiting: float = Field(examples=[26.5])
    claimed_by: UUID | None = Field(description="Who is looking at it right now.")
    claimed_by_name: str | None
    claimed_until: datetime | None


class PendingPage(ResponseModel):
    """A page of the queue, oldest first."""

    total_pending: int = Field(description="Exactly how many wait and match the filters.")
    submissions: list[PendingSubmission]
    next_cursor: str | None = Field(description="Null on the last page.")


class ReviewRequest(RequestModel):
    """A decision: `approved` goes with `pass`, `rejected` with `fail`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "submission_status": "rejected",
                    "grade": "fail",
                    "review_comments": "Good start. Please add the prompts you used.",
                }
            ]
        }
    )

    submission_status: Verdict
    grade: Grade
    review_comments: Annotated[Comments | None, BeforeValidator(blank_is_absent)] = Field(
        default=None, description="What the learner reads; a rejection needs it."
    )
    change: bool = Field(
        default=False,
        description="Replace the decision that stands: for its reviewer and administrators.",
    )

    @model_validator(mode="after")
    def _pair(self) -> ReviewRequest:
        if GRADE_OF[self.submission_status] != self.grade:
            raise PydanticCustomError(
                "mismatched_grade",
                "The status {status} goes with the grade {grade}: send the two together.",
                {"status": self.submission_status, "grade": GRADE_OF[self.submission_status]},
            )
        return self


class SavedCommentText(RequestModel):
    """A comment to keep."""

    body: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=MAX_SAVED_COMMENT_CHARACTERS
        ),
    ]


class ReviewClaim(ResponseModel):
    """Who is looking at a submission, until when."""

    submission_id: UUID
    claimed_by: UUID | None
    claimed_by_name: str | None
    claimed_until: datetime | None


class Decision(ResponseModel):
    """One entry of a submission's history. `undone` took the decision before it back."""

    action: Literal["decided", "changed", "undone"]
    submission_status: Literal["uploaded", "approved", "rejected"]
    grade: Grade | None
    review_comments: str | None
    decided_by: UUID | None
    decided_by_name: str | None
    created_at: datetime
