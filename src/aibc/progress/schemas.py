"""Request and response models of resources and progress."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from aibc.catalog.schemas import PathwaySummary, Resource
from aibc.http.schemas import FROM_INTEGRAL, RequestModel, ResponseModel
from aibc.progress.metadata import ClientMetadata

Percentage = Annotated[int, Field(ge=0, le=100, examples=[40])]
ApprovalStatus = Literal["pending", "approved", "rejected"]
CompletionStatus = Literal["in_progress", "submitted", "completed", "reviewed"]
ReportedStatus = Literal["not_started", "in_progress", "submitted", "completed", "reviewed"]
SubmissionStatus = Literal["uploaded", "approved", "rejected", "superseded"]
Notes = Annotated[str, Field(max_length=5000)]

MAX_MINUTES = 100_000
Minutes = Annotated[int, Field(strict=True, ge=0, le=MAX_MINUTES), FROM_INTEGRAL]
ReportedPercentage = Annotated[int, Field(strict=True, ge=0, le=100), FROM_INTEGRAL]


class StartRequest(RequestModel):
    """What may come with the first touch."""

    notes: Notes | None = Field(default=None, examples=["Watch the part on seeds again."])


class ReportRequest(RequestModel):
    """What changed; what is left out or null stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"progress_percentage": 40, "time_spent_minutes": 12}]}
    )

    status: ReportedStatus | None = None
    progress_percentage: ReportedPercentage | None = None
    time_spent_minutes: Minutes | None = Field(
        default=None, description="In all, not since the last report."
    )
    notes: Notes | None = None
    metadata: ClientMetadata | None = Field(
        default=None,
        description="Merged at the top level; null deletes a key. At most 16 KiB in all.",
    )


class Completion(ResponseModel):
    """One learner's record on one resource."""

    id: UUID
    user_id: UUID
    resource_id: str = Field(examples=["foundations-image-gen-r1"])
    module_id: str = Field(examples=["foundations-image-gen"])
    pathway_id: str = Field(examples=["image-generation"])
    status: CompletionStatus
    progress_percentage: Percentage
    time_spent_minutes: int = Field(examples=[12])
    started_at: datetime
    completed_at: datetime | None
    last_accessed_at: datetime
    submission_required: bool
    submission_count: int = Field(description="Submissions ever finalised, withdrawn ones too.")
    notes: str | None
    metadata: dict[str, Any]


class CompletionWrite(Completion):
    """The record with the figures of its module and pathway as they stand after the write."""

    module_progress: Percentage
    module_completed: bool = Field(description="Whether the module is handed in.")
    pathway_progress: Percentage


class Submission(ResponseModel):
    """One file handed in for one resource."""

    id: UUID
    user_id: UUID
    resource_id: str
    attempt: int
    file_name: str = Field(examples=["landscape.png"])
    file_size_bytes: int
    file_type: str = Field(examples=["image/png"])
    sha256: str | None = Field(description="Hexadecimal.")
    crc32c: str = Field(description="Base64, big-endian.")
    gcs_url: str = Field(description="The object's name, not a link to it.")
    submission_status: SubmissionStatus
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    review_comments: str | None
    grade: Literal["pass", "fail"] | None
    notes: str | None
    created_at: datetime
    updated_at: datetime
    metadata: dict[str, Any]


class ResourceWithProgress(Resource):
    """A resource, the caller's record on it and the caller's submissions, newest first."""

    completion: Completion | None
    submissions: list[Submission]


class ModuleResources(ResponseModel):
    """One module of a pathway with its resources in order."""

    module_id: str
    module_title: str
    resources: list[ResourceWithProgress]


class Progress(ResponseModel):
    """One learner on one pathway; a pathway never touched has zeros and nulls."""

    id: UUID | None
    user_id: UUID
    pathway_id: str
    current_module_id: str | None
    progress_percentage: Percentage
    completed_modules: int = Field(description="Approved ones.")
    total_time_spent_minutes: int
    started_at: datetime | None
    last_accessed_at: datetime | None
    completed_at: datetime | None = Field(description="When it first reached 100 %.")


class ModuleEntry(ResponseModel):
    """A module with the caller's figures in it."""

    id: str
    pathway_id: str
    title: str
    description: str
    order_index: int
    duration_minutes: int
    created_at: datetime
    updated_at: datetime
    completed: bool = Field(description="Whether it is handed in.")
    completed_at: datetime | None
    approval_status: ApprovalStatus | None
    review_comments: str | None
    progress_percentage: Percentage


class PathwayPage(ResponseModel):
    """A pathway, the caller's progress on it, and its modules in order."""

    pathway: PathwaySummary
    progress: Progress
    modules: list[ModuleEntry]
    next_module: ModuleEntry | None = Field(description="The first that is not approved.")


class EnterRequest(RequestModel):
    """Which pathway to start."""

    pathway_id: str = Field(examples=["image-generation"])


class PathwayRequest(RequestModel):
    """Where the learner stands. Figures that a client sends along are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    current_module_id: str | None = Field(default=None, examples=["foundations-image-gen"])


class HandInRequest(RequestModel):
    """A module to hand in."""

    module_id: str = Field(examples=["foundations-image-gen"])
    pathway_id: str = Field(examples=["image-generation"])
    time_spent_minutes: Minutes | None = Field(
        default=None,
        description="Without it, the minutes of the module's resources.",
        examples=[240],
    )


class CompletionsQuery(RequestModel):
    """Which modules handed in; parameters it does not know are left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    pathway_id: str | None = None


class ModuleCompletion(ResponseModel):
    """A module that a learner has handed in."""

    id: UUID
    user_id: UUID
    pathway_id: str
    module_id: str
    completed_at: datetime = Field(description="When it was last handed in.")
    time_spent_minutes: int
    approval_status: ApprovalStatus
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    review_comments: str | None
