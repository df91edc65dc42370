"""What instructors send and read about whole modules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field

from aibc.http.schemas import RequestModel, ResponseModel
from aibc.progress.schemas import ApprovalStatus
from aibc.reviews.schemas import MAX_OFFSET, Comments, Filter, Verdict, blank_is_absent


class PendingModulesQuery(RequestModel):
    """Which part of the queue; parameters it does not know are left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    pathway_id: Filter = None
    limit: int = Field(default=50, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=MAX_OFFSET)


class PendingModule(ResponseModel):
    """One module that waits for approval."""

    id: UUID
    user_id: UUID
    user_email: str
    user_name: str
    pathway_id: str
    pathway_title: str
    module_id: str
    module_title: str
    completed_at: datetime = Field(description="When it was last handed in.")
    hours_waiting: float = Field(examples=[26.5])


class PendingModulesPage(ResponseModel):
    """A page of the queue, oldest first."""

    total_pending: int = Field(description="Exactly how many wait and match the filter.")
    reviews: list[PendingModule]
    limit: int
    offset: int


class ModuleEvent(ResponseModel):
    """One entry of a module's history.

    `decided` by a person, `undone` took the decision before it back, `automatic` is a change that
    the figures made (no status: nothing is handed in any more), `handed_in` the learner's own
    hand-in, `first_approved` a milestone.
    """

    kind: Literal["handed_in", "decided", "undone", "automatic", "first_approved"]
    approval_status: ApprovalStatus | None
    review_comments: str | None
    decided_by: UUID | None
    decided_by_name: str | None
    time_spent_minutes: int | None
    created_at: datetime


class ModuleReviewRequest(RequestModel):
    """A decision by hand on a module."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"approval_status": "approved", "review_comments": "All in. Well done."},
            ]
        }
    )

    approval_status: Verdict
    review_comments: Annotated[Comments | None, BeforeValidator(blank_is_absent)] = Field(
        default=None, description="What the learner reads; a rejection needs it."
    )
    change: bool = Field(
        default=False,
        description="Replace a decision by hand: for its reviewer and administrators.",
    )
