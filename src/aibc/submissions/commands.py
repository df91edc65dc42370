"""`aibc sweep`: settle what crashes left behind, now instead of within the next minute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import typer

from aibc.database.pool import Database
from aibc.settings import load_settings
from aibc.storage import open_store
from aibc.submissions.sweep import Swept, sweep

OpenDatabase: TypeAlias = Callable[[], AbstractAsyncContextManager[Database]]


def sweep_command(open_database: OpenDatabase) -> typer.Typer:
    """The command, over the database that `open_database` opens."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def sweep_uploads() -> None:
        """Settle uploads that never ended and remove old temporary files.

        The service does the same once a minute. Files are never removed.
        """
        swept = asyncio.run(_sweep(open_database))
        typer.echo(
            f"Settled {swept.settled} uploads, removed {swept.temporary_files} temporary files."
        )
        for name in swept.objects_left:
            typer.echo(f"Kept, though no submission shows it: {name}")

    return app


async def _sweep(open_database: OpenDatabase) -> Swept:
    store = open_store(load_settings().storage)
    try:
        async with open_database() as database:
            return await sweep(database, store)
    finally:
        await store.close()
