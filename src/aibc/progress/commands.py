"""`aibc progress …`: what a support person asks about a learner's figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.markup import escape

from aibc.accounts import service as accounts
from aibc.database.pool import Database
from aibc.progress.documents import Document, dumps
from aibc.progress.explanation import explain

OpenDatabase: TypeAlias = Callable[[], AbstractAsyncContextManager[Database]]


def progress_commands(open_database: OpenDatabase) -> typer.Typer:
    """The commands, over the database that `open_database` opens."""
    app = typer.Typer(
        help="Answer questions about a learner's progress.",
        no_args_is_help=True,
        add_completion=False,
    )

    @app.callback()
    def describe() -> None:
        """Keeps `explain` a command of its own while it is the only one."""

    @app.command("explain")
    def explain_command(
        user: Annotated[str, typer.Argument(help="The learner's e-mail or id.")],
        pathway: Annotated[str, typer.Argument(help="The pathway's id.")],
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    ) -> None:
        """Say why a learner's figures on a pathway are what they are.

        Every resource with its state and whether it counts, and the sums of modules and pathway.
        """
        email, document = asyncio.run(_explain(open_database, user, pathway))
        if as_json:
            typer.echo(dumps(document))
        else:
            _print(email, document)

    return app


async def _explain(open_database: OpenDatabase, user: str, pathway: str) -> tuple[str, Document]:
    async with open_database() as database, database.connection() as connection:
        account = await accounts.find_account(connection, user)
        document = await explain(connection, account["id"], pathway, shows_hidden=True)
        return account["email"], document


def _print(email: str, document: Document) -> None:
    title, shown = document["pathway_title"], document["progress_percentage"]
    _say(f"{email} on {title}: {shown} %", "bold")
    _say(f"  {document['arithmetic']}")
    _say(
        f"  {document['completed_modules']} of {document['total_modules']} modules are approved."
        f"{_completed(document)}"
    )
    if document["stored_percentage"] != shown:
        _say(
            f"  The learner is shown {document['stored_percentage']} %, which is wrong: run"
            f" `aibc doctor --user {email} --repair`.",
            "red",
        )
    for module in document["modules"]:
        _print_module(module)


def _print_module(module: Document) -> None:
    _say(f"\n{module['module_title']} ({module['module_id']}): {_figure(module)}", "bold")
    _say(f"  {module['arithmetic']}")
    _say(f"  {module['approval']}")
    for resource in module["resources"]:
        _say(f"  {_mark(resource)} {resource['resource_title']} ({resource['resource_id']})")
        _say(f"      {resource['reason']}")


def _say(line: str, style: str = "") -> None:
    Console(highlight=False).print(escape(line), style=style, soft_wrap=True)


def _completed(document: Document) -> str:
    moment = document["completed_at"]
    return f" First completed on {moment:%Y-%m-%d}." if moment else ""


def _figure(module: Document) -> str:
    return f"{module['progress_percentage']} %" if module["counts"] else "does not count"


def _mark(resource: Document) -> str:
    if not resource["counts"]:
        return "-"
    return "✓" if resource["done"] else "·"
