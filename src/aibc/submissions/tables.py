"""What learners hand in: finished submissions, and uploads that are still under way."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
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
_WAITING = text("submission_status = 'uploaded' AND deleted_at IS NULL")

resource_submissions = Table(
    "resource_submissions",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("resource_id", Text, ForeignKey("resources.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column(
        "sequence", BigInteger, nullable=False, server_default=text("nextval('event_sequence')")
    ),
    Column("file_name", Text, nullable=False),
    Column("file_size_bytes", BigInteger, nullable=False),
    Column("file_type", Text, nullable=False),
    Column("sha256", Text),
    Column("crc32c", Text, nullable=False),
    Column("gcs_url", Text, nullable=False),
    Column(
        "object_key",
        Text,
        Computed("regexp_replace(gcs_url, '^(gs://[^/]+/|local://)', '')", persisted=True),
        nullable=False,
    ),
    Column("submission_status", Text, nullable=False, server_default=text("'uploaded'")),
    Column("reviewed_by", Uuid, ForeignKey("users.id")),
    Column("reviewed_at", DateTime(timezone=True)),
    Column("review_comments", Text),
    Column("grade", Text),
    Column("decided_sequence", BigInteger),
    Column("notes", Text),
    Column("metadata", JSONB, nullable=False, server_default=text("'{}'")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("deleted_at", DateTime(timezone=True)),
    UniqueConstraint("user_id", "resource_id", "attempt", name="resource_submissions_attempt"),
    UniqueConstraint("object_key", name="resource_submissions_object"),
    Index(
        "resource_submissions_one_waiting",
        "user_id",
        "resource_id",
        unique=True,
        postgresql_where=_WAITING,
    ),
    Index(
        "resource_submissions_queue",
        "created_at",
        "id",
        postgresql_include=["resource_id"],
        postgresql_where=_WAITING,
    ),
    Index("resource_submissions_of_resource", "resource_id"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("resource_id", Text, ForeignKey("resources.id"), nullable=False),
    Column("transport", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'claimed'")),
    Column("reserved_bytes", BigInteger, nullable=False),
    Column("claimed_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("file_name", Text),
    Column("declared_type", Text),
    Column("object_key", Text),
    Column("submission_id", Uuid, ForeignKey("resource_submissions.id")),
    Column("refusal_code", Text),
    UniqueConstraint("object_key", name="uploads_object_key_unique"),
    Index("uploads_under_way", "user_id", postgresql_where=text("state = 'claimed'")),
    Index(
        "uploads_settled_lately",
        "user_id",
        "settled_at",
        postgresql_where=text("state IN ('finalised', 'refused')"),
    ),
    Index("uploads_to_sweep", "expires_at", postgresql_where=text("state = 'claimed'")),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("target", Text, nullable=False),
    Column("holder", Uuid, nullable=False),
    Column("leased_until", DateTime(timezone=True), nullable=False),
    Column("upload_id", Uuid, ForeignKey("uploads.id")),
    Column("answer_status", Integer),
    Column("answer", JSON),
    Column("digest", Text),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("idempotency_keys_to_sweep", "expires_at"),
)
