"""What instructors decide: the history of decisions, who is looking at what, saved comments."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Table, Text, Uuid, text

from aibc.database.tables import metadata

submission_decisions = Table(
    "submission_decisions",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("submission_id", Uuid, ForeignKey("resource_submissions.id"), nullable=False),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("submission_status", Text, nullable=False),
    Column("grade", Text),
    Column("review_comments", Text),
    Column("decided_by", Uuid, ForeignKey("users.id")),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
    ),
    Index("submission_decisions_of_submission", "submission_id", "sequence"),
    Index("submission_decisions_recent", "created_at"),
)

review_claims = Table(
    "review_claims",
    metadata,
    Column("submission_id", Uuid, ForeignKey("resource_submissions.id"), primary_key=True),
    Column("claimed_by", Uuid, ForeignKey("users.id"), nullable=False),
    Column("claimed_until", DateTime(timezone=True), nullable=False),
)

saved_comments = Table(
    "saved_comments",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("body", Text, nullable=False),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
    ),
    Index("saved_comments_of_user", "user_id", "created_at", "id"),
)
