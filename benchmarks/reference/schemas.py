"""Response models: the same fields as the product's answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class CompletionOut(Model):
    id: UUID
    user_id: UUID
    resource_id: str
    module_id: str
    pathway_id: str
    status: str
    progress_percentage: int
    time_spent_minutes: int
    started_at: datetime
    completed_at: datetime | None
    last_accessed_at: datetime
    submission_count: int
    notes: str | None
    metadata: dict[str, Any] = Field(validation_alias="meta")


class CompletionWriteOut(CompletionOut):
    module_progress: int
    module_completed: bool
    pathway_progress: int


class SubmissionOut(Model):
    id: UUID
    user_id: UUID
    resource_id: str
    attempt: int
    file_name: str
    file_size_bytes: int
    file_type: str
    sha256: str | None
    crc32c: str
    gcs_url: str
    submission_status: str
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    review_comments: str | None
    grade: str | None
    notes: str | None
    created_at: datetime
    updated_at: datetime
    metadata: dict[str, Any] = Field(validation_alias="meta")


class ResourceOut(Model):
    id: str
    module_id: str
    type: str
    title: str
    description: str
    order_index: int
    duration_minutes: int
    requires_upload: bool
    accepted_file_types: list[str]
    max_file_size_mb: int
    allow_resubmission: bool
    url: str | None
    metadata: dict[str, Any] = Field(validation_alias="meta")
    is_required: bool
    is_published: bool
    created_at: datetime
    updated_at: datetime
    completion: CompletionOut | None = None
    submissions: list[SubmissionOut] = []


class ModuleResourcesOut(Model):
    module_id: str
    module_title: str
    resources: list[ResourceOut]


class ProgressOut(Model):
    id: UUID
    user_id: UUID
    pathway_id: str
    current_module_id: str | None
    progress_percentage: int
    completed_modules: int
    total_time_spent_minutes: int
    started_at: datetime
    last_accessed_at: datetime
    completed_at: datetime | None


class PathwayOut(Model):
    id: str
    title: str
    short_title: str
    instructor: str
    color: str
    total_modules: int
    created_at: datetime
    updated_at: datetime


class ModuleOut(Model):
    id: str
    pathway_id: str
    title: str
    description: str
    order_index: int
    duration_minutes: int
    created_at: datetime
    updated_at: datetime
    completed: bool
    completed_at: datetime | None
    approval_status: str | None
    review_comments: str | None
    progress_percentage: int


class PathwayPageOut(Model):
    pathway: PathwayOut
    progress: ProgressOut | None
    modules: list[ModuleOut]
    next_module: ModuleOut | None


class AchievementOut(Model):
    id: str
    name: str
    description: str
    icon: str
    category: str
    earned_at: datetime


class StreakOut(Model):
    current: int
    longest: int
    last_activity: date | None


class DashboardPathwayOut(Model):
    id: str
    title: str
    short_title: str
    instructor: str
    color: str
    progress: ProgressOut


class DashboardOut(Model):
    pathways: list[DashboardPathwayOut]
    summary: dict[str, int]
    recent_achievements: list[AchievementOut]
    streak: StreakOut


class PendingOut(Model):
    id: UUID
    user_id: UUID
    user_email: str
    user_name: str
    resource_id: str
    resource_title: str
    resource_type: str
    pathway_id: str
    module_id: str
    attempt: int
    file_name: str
    file_type: str
    file_size_bytes: int
    gcs_url: str
    submission_status: str
    created_at: datetime
    hours_waiting: float


class PendingPageOut(Model):
    total_pending: int
    submissions: list[PendingOut]


class ReportIn(BaseModel):
    progress_percentage: int = Field(ge=0, le=100)
    time_spent_minutes: int = Field(ge=0)


class ReviewIn(BaseModel):
    submission_status: str
    grade: str
    review_comments: str | None = None
