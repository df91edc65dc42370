"""`aibc doctor`: is everything that is stored what it has to be?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import Annotated, TypeAlias

import orjson
import typer

from aibc.accounts import service as accounts
from aibc.catalog.errors import PathwayNotFound
from aibc.database.pool import Database
from aibc.database.queries import load_queries
from aibc.doctor.examination import Wishes, examine
from aibc.doctor.findings import Report
from aibc.doctor.output import Display, print_report
from aibc.doctor.scope import Scope, Watcher
from aibc.doctor.storage import examine_storage
from aibc.settings import load_settings
from aibc.storage import open_store

OpenDatabase: TypeAlias = Callable[[], AbstractAsyncContextManager[Database]]
_PATHWAY_EXISTS = load_queries(__package__, "scope.sql")["pathway_exists"]


def doctor_command(open_database: OpenDatabase) -> typer.Typer:
    """The command, over the database that `open_database` opens."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def doctor(
        repair: Annotated[
            bool, typer.Option("--repair", help="Mend the figures that differ, and say which.")
        ] = False,
        user: Annotated[str, typer.Option(help="Only this learner: an e-mail or an id.")] = "",
        pathway: Annotated[str, typer.Option(help="Only this pathway.")] = "",
        deep: Annotated[
            bool, typer.Option("--deep", help="Read every file and compare its fingerprint.")
        ] = False,
        files: Annotated[
            bool, typer.Option("--files/--no-files", help="Compare submissions with the store.")
        ] = True,
        storage: Annotated[
            bool,
            typer.Option("--storage", help="Also store and fetch a small object as browsers do."),
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    ) -> None:
        """Compare everything stored with what it has to be; exit code 1 when something is wrong.

        Rolled-up figures with a recount from scratch, rules with the rows, submissions with the
        files in the store. Safe while learners work. Without --repair, --deep and --storage it
        writes nothing.
        """
        wishes = Wishes(repair=repair, files=files or deep, deep=deep)
        begin = monotonic()
        with Display(quiet=as_json) as display:
            report = asyncio.run(_examine(open_database, user, pathway, wishes, display.watch))
            if storage:
                report.wrong.add(asyncio.run(examine_storage(load_settings())))
        if as_json:
            typer.echo(orjson.dumps(report.document(), option=orjson.OPT_INDENT_2))
        else:
            print_report(report, monotonic() - begin)
        raise typer.Exit(0 if report.healthy else 1)

    return app


async def _examine(
    open_database: OpenDatabase, user: str, pathway: str, wishes: Wishes, watch: Watcher
) -> Report:
    store = open_store(load_settings().storage)
    try:
        async with open_database() as database:
            return await examine(
                database, store, lambda: _scope(database, user, pathway), wishes, watch
            )
    finally:
        await store.close()


async def _scope(database: Database, user: str, pathway: str) -> Scope:
    """What the options narrow to. Raises UserNotFound and PathwayNotFound."""
    async with database.connection() as connection:
        account = await accounts.find_account(connection, user) if user else None
        if pathway and not await connection.fetchval(_PATHWAY_EXISTS, pathway):
            raise PathwayNotFound
    return Scope(account["id"] if account else None, pathway or None)
