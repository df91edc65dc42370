"""What a learner has done, and the figures the database rolls up from it.

Rolled-up tables (`user_progress`, `module_progress`, `module_completions`) are written by the
database's own triggers only.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from aibc.database.tables import metadata

_NOW = text("clock_timestamp()")
_NEW_ID = text("gen_random_uuid()")
_NEXT_EVENT = text("nextval('event_sequence')")
_ZERO = text("0")
_NEXT_VERSION = text("next_version(0)")


def _moment(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=_NOW)


def _learner(*, primary_key: bool = False) -> Column[object]:
    return Column("user_id", Uuid, ForeignKey("users.id"), nullable=False, primary_key=primary_key)


user_progress = Table(
    "user_progress",
    metadata,
    Column("id", Uuid, nullable=False, unique=True, server_default=_NEW_ID),
    _learner(primary_key=True),
    Column("pathway_id", Text, ForeignKey("pathways.id"), primary_key=True),
    Column("current_module_id", Text, ForeignKey("modules.id")),
    Column("progress_percentage", SmallInteger, nullable=False, server_default=_ZERO),
    Column("completed_modules", Integer, nullable=False, server_default=_ZERO),
    Column("total_time_spent_minutes", BigInteger, nullable=False, server_default=_ZERO),
    Column("version", BigInteger, nullable=False, server_default=_NEXT_VERSION),
    _moment("started_at"),
    _moment("last_accessed_at"),
    Column("completed_at", DateTime(timezone=True)),
    Index("user_progress_of_pathway", "pathway_id", "user_id"),
)

module_progress = Table(
    "module_progress",
    metadata,
    _learner(primary_key=True),
    Column("module_id", Text, ForeignKey("modules.id"), primary_key=True),
    Column("pathway_id", Text, nullable=False),
    Column("progress_percentage", SmallInteger, nullable=False),
    Index("module_progress_of_module", "module_id", "user_id"),
)

module_completions = Table(
    "module_completions",
    metadata,
    Column("id", Uuid, nullable=False, unique=True),
    _learner(primary_key=True),
    Column("pathway_id", Text, nullable=False),
    Column("module_id", Text, ForeignKey("modules.id"), primary_key=True),
    Column("completed_at", DateTime(timezone=True), nullable=False),
    Column("time_spent_minutes", BigInteger, nullable=False, server_default=_ZERO),
    Column("approval_status", Text, nullable=False),
    Column("decided_by_hand", Boolean, nullable=False),
    Column("reviewed_by", Uuid, ForeignKey("users.id")),
    Column("reviewed_at", DateTime(timezone=True)),
    Column("review_comments", Text),
    Index("module_completions_of_pathway", "user_id", "pathway_id"),
    Index(
        "module_completions_waiting",
        "completed_at",
        "id",
        postgresql_where=text("approval_status = 'pending'"),
    ),
)

module_decisions = Table(
    "module_decisions",
    metadata,
    Column("sequence", BigInteger, primary_key=True, server_default=_NEXT_EVENT),
    _learner(),
    Column("pathway_id", Text, nullable=False),
    Column("module_id", Text, ForeignKey("modules.id")),
    Column("kind", Text, nullable=False),
    Column("approval_status", Text),
    Column("decided_by", Uuid, ForeignKey("users.id")),
    Column("review_comments", Text),
    Column("time_spent_minutes", BigInteger),
    Column("resource_ids", ARRAY(Text)),
    Column("undoes", BigInteger, ForeignKey("module_decisions.sequence")),
    _moment("created_at"),
    Index("module_decisions_of_module", "user_id", "module_id", text("sequence DESC")),
    Index(
        "module_decisions_first_approved",
        "user_id",
        "module_id",
        unique=True,
        postgresql_where=text("kind = 'first_approved'"),
    ),
    Index(
        "module_decisions_pathway_completed",
        "user_id",
        "pathway_id",
        unique=True,
        postgresql_where=text("kind = 'pathway_completed'"),
    ),
    Index(
        "module_decisions_undone_once",
        "undoes",
        unique=True,
        postgresql_where=text("undoes IS NOT NULL"),
    ),
)

resource_completions = Table(
    "resource_completions",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    _learner(),
    Column("resource_id", Text, ForeignKey("resources.id"), nullable=False),
    Column("module_id", Text, nullable=False),
    Column("pathway_id", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'in_progress'")),
    Column("progress_percentage", SmallInteger, nullable=False, server_default=_ZERO),
    Column("time_spent_minutes", Integer, nullable=False, server_default=_ZERO),
    _moment("started_at"),
    Column("completed_at", DateTime(timezone=True)),
    _moment("last_accessed_at"),
    Column("submission_count", Integer, nullable=False, server_default=_ZERO),
    Column("notes", Text),
    Column("metadata", JSONB, nullable=False, server_default=text("'{}'")),
    UniqueConstraint("user_id", "resource_id", name="resource_completions_once"),
    Index("resource_completions_of_pathway", "user_id", "pathway_id"),
    Index("resource_completions_of_resource", "resource_id"),
)

achievements = Table(
    "achievements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("icon", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("requirement_type", Text, nullable=False),
    Column("requirement_value", Integer, nullable=False),
)

user_achievements = Table(
    "user_achievements",
    metadata,
    _learner(primary_key=True),
    Column("achievement_id", Text, ForeignKey("achievements.id"), primary_key=True),
    _moment("earned_at"),
)

user_streaks = Table(
    "user_streaks",
    metadata,
    _learner(primary_key=True),
    Column("current_streak", Integer, nullable=False, server_default=_ZERO),
    Column("longest_streak", Integer, nullable=False, server_default=_ZERO),
    Column("last_activity_date", Date),
    _moment("updated_at"),
    Column("version", BigInteger, nullable=False, server_default=_NEXT_VERSION),
)


def _quiz() -> Column[object]:
    return Column("resource_id", Text, ForeignKey("resources.id"), nullable=False)


def _grading() -> tuple[Column[object], ...]:
    """What a key made of answers: of an attempt, and of each regrade of it."""
    return (
        Column("snapshot_id", BigInteger, ForeignKey("quiz_snapshots.id"), nullable=False),
        Column("score", SmallInteger, nullable=False),
        Column("passing_score", SmallInteger, nullable=False),
        Column("passed", Boolean, nullable=False),
        Column("correct_questions", ARRAY(Text), nullable=False),
        Column("total", Integer, nullable=False),
    )


quiz_snapshots = Table(
    "quiz_snapshots",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _quiz(),
    Column("quiz", JSONB, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    _moment("created_at"),
    UniqueConstraint("resource_id", "digest", name="quiz_snapshots_once"),
)

quiz_attempts = Table(
    "quiz_attempts",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    _learner(),
    _quiz(),
    Column("attempt", Integer, nullable=False),
    Column("answers", JSONB, nullable=False),
    *_grading(),
    _moment("submitted_at"),
    UniqueConstraint("user_id", "resource_id", "attempt", name="quiz_attempts_once"),
    Index("quiz_attempts_of_resource", "resource_id"),
)

quiz_regrades = Table(
    "quiz_regrades",
    metadata,
    Column("sequence", BigInteger, primary_key=True, server_default=_NEXT_EVENT),
    Column("attempt_id", Uuid, ForeignKey("quiz_attempts.id"), nullable=False),
    *_grading(),
    Column("regraded_by", Uuid, ForeignKey("users.id")),
    _moment("created_at"),
    Index("quiz_regrades_of_attempt", "attempt_id", text("sequence DESC")),
)

quiz_grants = Table(
    "quiz_grants",
    metadata,
    Column("sequence", BigInteger, primary_key=True, server_default=_NEXT_EVENT),
    _learner(),
    _quiz(),
    Column("granted_by", Uuid, ForeignKey("users.id"), nullable=False),
    _moment("created_at"),
    Index("quiz_grants_of_learner", "user_id", "resource_id"),
)
