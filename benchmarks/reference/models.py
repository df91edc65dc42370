"""Mapped classes over the product's tables."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, TIMESTAMP, ForeignKey, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012
        datetime: TIMESTAMP(timezone=True),
        str: Text,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


class User(Base):
    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    full_name: Mapped[str]
    role: Mapped[str]
    account_status: Mapped[str]


class Pathway(Base):
    __tablename__ = "pathways"

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    short_title: Mapped[str]
    instructor: Mapped[str]
    color: Mapped[str]
    order_index: Mapped[int]
    is_published: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Module(Base):
    __tablename__ = "modules"

    id: Mapped[str] = mapped_column(primary_key=True)
    pathway_id: Mapped[str] = mapped_column(ForeignKey("pathways.id"))
    title: Mapped[str]
    description: Mapped[str]
    order_index: Mapped[int]
    duration_minutes: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Resource(Base):
    __tablename__ = "resources"

    id: Mapped[str] = mapped_column(primary_key=True)
    module_id: Mapped[str] = mapped_column(ForeignKey("modules.id"))
    type: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    order_index: Mapped[int]
    duration_minutes: Mapped[int]
    requires_upload: Mapped[bool]
    accepted_file_types: Mapped[list[str]]
    max_file_size_mb: Mapped[int]
    allow_resubmission: Mapped[bool]
    url: Mapped[str | None]
    meta: Mapped[dict[str, Any]] = mapped_column("metadata")
    is_required: Mapped[bool]
    is_published: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Completion(Base):
    __tablename__ = "resource_completions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID]
    resource_id: Mapped[str]
    module_id: Mapped[str]
    pathway_id: Mapped[str]
    status: Mapped[str]
    progress_percentage: Mapped[int]
    time_spent_minutes: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    completed_at: Mapped[datetime | None]
    last_accessed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    submission_count: Mapped[int] = mapped_column(default=0)
    notes: Mapped[str | None]
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)


class Submission(Base):
    __tablename__ = "resource_submissions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID]
    resource_id: Mapped[str]
    attempt: Mapped[int]
    file_name: Mapped[str]
    file_size_bytes: Mapped[int]
    file_type: Mapped[str]
    sha256: Mapped[str | None]
    crc32c: Mapped[str]
    gcs_url: Mapped[str]
    submission_status: Mapped[str]
    reviewed_by: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]
    review_comments: Mapped[str | None]
    grade: Mapped[str | None]
    notes: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)


class Progress(Base):
    __tablename__ = "user_progress"

    id: Mapped[UUID] = mapped_column(default=uuid4)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    pathway_id: Mapped[str] = mapped_column(primary_key=True)
    current_module_id: Mapped[str | None]
    progress_percentage: Mapped[int]
    completed_modules: Mapped[int]
    total_time_spent_minutes: Mapped[int]
    started_at: Mapped[datetime]
    last_accessed_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class ModuleProgress(Base):
    __tablename__ = "module_progress"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    module_id: Mapped[str] = mapped_column(primary_key=True)
    pathway_id: Mapped[str]
    progress_percentage: Mapped[int]


class ModuleCompletion(Base):
    __tablename__ = "module_completions"

    id: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    module_id: Mapped[str] = mapped_column(primary_key=True)
    pathway_id: Mapped[str]
    completed_at: Mapped[datetime]
    approval_status: Mapped[str]
    review_comments: Mapped[str | None]


class Streak(Base):
    __tablename__ = "user_streaks"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    current_streak: Mapped[int]
    longest_streak: Mapped[int]
    last_activity_date: Mapped[date | None]


class Achievement(Base):
    __tablename__ = "achievements"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    icon: Mapped[str]
    category: Mapped[str]


class EarnedAchievement(Base):
    __tablename__ = "user_achievements"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    achievement_id: Mapped[str] = mapped_column(primary_key=True)
    earned_at: Mapped[datetime]
