"""The catalog's tables: pathways hold modules, modules hold resources."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from aibc.database.tables import metadata

_NOW = text("clock_timestamp()")


def _moment(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=_NOW)


catalog_state = Table(
    "catalog_state",
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
)

pathways = Table(
    "pathways",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("short_title", Text, nullable=False),
    Column("instructor", Text, nullable=False, server_default=text("''")),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("color", Text, nullable=False, server_default=text("'from-slate-500 to-slate-600'")),
    Column("accent", Text, nullable=False, server_default=text("'#475569'")),
    Column("order_index", Integer, nullable=False, server_default=text("0")),
    Column("is_published", Boolean, nullable=False, server_default=text("true")),
    Column("removed_at", DateTime(timezone=True)),
    _moment("created_at"),
    _moment("updated_at"),
)

modules = Table(
    "modules",
    metadata,
    Column("id", Text, primary_key=True),
    Column("pathway_id", Text, ForeignKey("pathways.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("order_index", Integer, nullable=False, server_default=text("0")),
    Column("duration_minutes", Integer, nullable=False, server_default=text("0")),
    Column("is_published", Boolean, nullable=False, server_default=text("true")),
    Column("removed_at", DateTime(timezone=True)),
    _moment("created_at"),
    _moment("updated_at"),
    Index("modules_of_pathway", "pathway_id", "order_index"),
)

resources = Table(
    "resources",
    metadata,
    Column("id", Text, primary_key=True),
    Column("module_id", Text, ForeignKey("modules.id"), nullable=False),
    Column("type", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("order_index", Integer, nullable=False, server_default=text("0")),
    Column("duration_minutes", Integer, nullable=False, server_default=text("0")),
    Column("requires_upload", Boolean, nullable=False, server_default=text("false")),
    Column("accepted_file_types", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("max_file_size_mb", Integer, nullable=False, server_default=text("50")),
    Column("allow_resubmission", Boolean, nullable=False, server_default=text("true")),
    Column("url", Text),
    Column("metadata", JSONB, nullable=False, server_default=text("'{}'")),
    Column("is_required", Boolean, nullable=False, server_default=text("true")),
    Column("is_published", Boolean, nullable=False, server_default=text("true")),
    Column("removed_at", DateTime(timezone=True)),
    _moment("created_at"),
    _moment("updated_at"),
    Index("resources_of_module", "module_id", "order_index"),
)

catalog_drafts = Table(
    "catalog_drafts",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("author_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("files", JSONB, nullable=False),
    Column("catalog_version", BigInteger, nullable=False),
    Column("forecast", JSONB, nullable=False),
    _moment("created_at"),
    Column("imported_at", DateTime(timezone=True)),
    Index("catalog_drafts_oldest", "created_at"),
)
