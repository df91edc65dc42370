"""Response models of a learner's overview and of the explanation of a pathway."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from aibc.catalog.schemas import PathwaySummary
from aibc.http.schemas import ResponseModel
from aibc.progress.schemas import ApprovalStatus, Percentage, Progress


class Medal(ResponseModel):
    """What an achievement is; `icon` is an icon's name."""

    id: str = Field(examples=["first-step"])
    name: str
    description: str
    icon: str = Field(examples=["footprints"])
    category: str


class RecentMedal(Medal):
    """One that was earned."""

    earned_at: datetime


class Achievement(Medal):
    """What it takes, and whether the caller has earned it."""

    requirement_type: str = Field(examples=["modules_approved"])
    requirement_value: int
    earned: bool
    earned_at: datetime | None


class EarnedAchievement(ResponseModel):
    """An achievement of the caller."""

    achievement: Medal
    earned_at: datetime


class Streak(ResponseModel):
    """Days (UTC) in a row with activity. It breaks once a whole day has passed without any."""

    current_streak: int
    longest_streak: int
    last_activity_date: date | None
    updated_at: datetime | None


class ShortStreak(ResponseModel):
    """The same in the words of the dashboard."""

    current: int
    longest: int
    last_activity: date | None


class FullStreak(Streak, ShortStreak):
    """Both spellings."""


class PathwayCard(PathwaySummary):
    """A pathway on the dashboard."""

    shortTitle: str  # noqa: N815  # a name that clients know
    progress: Percentage


class Totals(ResponseModel):
    """The caller's figures across pathways."""

    pathways_started: int
    pathways_completed: int
    modules_completed: int
    total_time_spent_minutes: int
    current_streak: int
    longest_streak: int


class Summary(ResponseModel):
    """The caller's totals, and their progress on each pathway they have touched."""

    user_id: UUID
    total_pathways: int
    pathways_started: int
    pathways_completed: int
    total_modules_completed: int
    total_time_spent_minutes: int
    current_streak: int
    longest_streak: int
    achievements_earned: int
    pathway_progress: list[Progress]


class Dashboard(ResponseModel):
    """What a learner sees first."""

    pathways: list[PathwayCard]
    summary: Totals
    recent_achievements: list[RecentMedal]
    streak: ShortStreak


class Everything(ResponseModel):
    """Dashboard, summary, pathways, achievements and streak in one answer."""

    dashboard: Dashboard
    summary: Summary
    pathways: list[PathwayCard]
    achievements: list[Achievement]
    streak: FullStreak


class ExplainedResource(ResponseModel):
    """A resource's state and whether it counts."""

    resource_id: str
    resource_title: str
    type: str
    state: str
    progress_percentage: Percentage
    counts: bool
    done: bool
    obstacle: str | None = Field(description="What keeps it from counting.")
    reason: str = Field(description="The same as a sentence.")


class ExplainedModule(ResponseModel):
    """A module's percentage and the sum that makes it."""

    module_id: str
    module_title: str
    counts: bool
    progress_percentage: Percentage
    counted_resources: int
    done_resources: int
    arithmetic: str
    approval_status: ApprovalStatus | None
    approval: str
    review_comments: str | None
    resources: list[ExplainedResource]


class Explanation(ResponseModel):
    """Why a pathway shows the percentage it shows."""

    user_id: UUID
    pathway_id: str
    pathway_title: str
    progress_percentage: Percentage
    stored_percentage: Percentage
    arithmetic: str
    completed_modules: int
    total_modules: int
    completed_at: datetime | None
    modules: list[ExplainedModule]
