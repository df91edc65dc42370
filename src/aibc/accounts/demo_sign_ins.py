"""Which demo accounts can sign in. Every start asks, so nothing slow is imported here."""

from __future__ import annotations

from aibc.database.pool import Database
from aibc.database.queries import load_queries

DEMO_PASSWORD = "Bootcamp-2026!"  # noqa: S105  # printed at every start, for this machine alone

_LIST_DEMO_EMAILS = load_queries(__package__)["list_demo_emails"]


async def demo_emails(database: Database) -> list[str]:
    """The demo accounts that can sign in, with a password everybody knows."""
    return [row["email"] for row in await database.fetch(_LIST_DEMO_EMAILS)]
