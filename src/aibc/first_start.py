"""What an embedded database is given once, so that a newcomer has something to look at."""

from __future__ import annotations

from aibc.database.pool import Database
from aibc.database.queries import load_queries
from aibc.shipped import shipped_directory

QUERIES = load_queries("aibc", "first_start.sql")


async def furnish(database: Database, *, with_demo_accounts: bool) -> None:
    """Load the sample catalog into a database without one, and demo accounts into one without
    users. What an operator changed or removed later is left alone."""
    # Imported when needed: a later start has nothing to load, and waits for nothing.
    if await database.fetch_value(QUERIES["has_no_catalog"]):
        from aibc.catalog.importer import import_documents
        from aibc.catalog.loader import load_catalog

        await import_documents(database, load_catalog(shipped_directory("catalog")))
    if with_demo_accounts and await database.fetch_value(QUERIES["has_no_users"]):
        from aibc.accounts.demo import create_demo_users
        from aibc.accounts.passwords import Passwords

        async with database.transaction() as connection:
            await create_demo_users(connection, Passwords())
