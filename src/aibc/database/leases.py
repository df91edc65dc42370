"""Leases: one process at a time does a periodic job, and another takes over when it dies.

A lease is a row with an expiry, so it works through a pooler and outlives no crash by long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Column, DateTime, Table, Text, Uuid

from aibc.database.pool import Database
from aibc.database.queries import load_queries
from aibc.database.tables import metadata

_QUERIES = load_queries(__package__, "leases.sql")
_TAKE = _QUERIES["take_lease"]

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Uuid, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True)
class Lease:
    """The right to do the job called `name`, for `lifetime` from each time it is taken."""

    name: str
    lifetime: timedelta
    holder: UUID = field(default_factory=uuid4)

    async def take(self, database: Database) -> bool:
        """Take or prolong the lease; False while somebody else holds it."""
        return bool(await database.fetch_value(_TAKE, self.name, self.holder, self.lifetime))
