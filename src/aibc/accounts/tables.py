"""The tables of accounts: people, their sessions, and what happened at the door."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from aibc.database.tables import metadata

_NOW = text("clock_timestamp()")
_FALSE = text("false")


def _moment(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=_NOW)


users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("password_hash", Text),
    Column("email_verified", Boolean, nullable=False, server_default=_FALSE),
    Column("role", Text, nullable=False, server_default=text("'student'")),
    Column("account_status", Text, nullable=False, server_default=text("'active'")),
    Column("onboarding_completed", Boolean, nullable=False, server_default=_FALSE),
    Column("is_demo", Boolean, nullable=False, server_default=_FALSE),
    _moment("created_at"),
    _moment("updated_at"),
    UniqueConstraint("email_key", name="users_email_key_unique"),
    Index("users_newest", "created_at", "id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    _moment("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Index("sessions_of_user", "user_id", postgresql_where=text("revoked_at IS NULL")),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    _moment("issued_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("first_used_at", DateTime(timezone=True)),
    Column("uses", Integer, nullable=False, server_default=text("0")),
    Index("refresh_tokens_of_session", "session_id"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("email_key", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    _moment("last_failed_at"),
    Column("locked_until", DateTime(timezone=True)),
)

signup_attempts = Table(
    "signup_attempts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("address", Text, nullable=False),
    _moment("created_at"),
    Index("signup_attempts_recent", "address", "created_at"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("actor_id", Uuid, ForeignKey("users.id")),
    Column("action", Text, nullable=False),
    Column("subject_id", Uuid),
    Column("old_value", JSONB),
    Column("new_value", JSONB),
    Column("request_id", Text),
    _moment("created_at"),
    Index("audit_log_of_subject", "subject_id", "id"),
)
