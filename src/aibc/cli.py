"""The command line: a few commands of its own, and one group from each slice that has commands."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from aibc import __version__
from aibc.errors import AibcError
from aibc.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from aibc.database.pool import Database

# Imported when asked for: `aibc serve` should not wait for what it does not need. Each function
# takes what opens the database, and returns the slice's commands.
SLICE_COMMANDS = {
    "user": ("aibc.accounts.commands", "user_commands"),
    "catalog": ("aibc.catalog.commands", "catalog_commands"),
    "progress": ("aibc.progress.commands", "progress_commands"),
    "doctor": ("aibc.doctor.commands", "doctor_command"),
    "storage": ("aibc.storage.commands", "storage_commands"),
    "sweep": ("aibc.submissions.commands", "sweep_command"),
}


class Commands(TyperGroup):
    """Commands of this file, and those of the slices under their names."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *SLICE_COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in SLICE_COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, function = SLICE_COMMANDS[cmd_name]
        commands: typer.Typer = getattr(import_module(module), function)(_open_database)
        commands.rich_markup_mode = None
        command = typer.main.get_command(commands)
        command.name = cmd_name
        return command

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _plain(error.message)
            raise


def _plain(message: str) -> str:
    """What is wrong with an option or argument, without the words of the library that found it."""
    words = message.removeprefix("Value error, ").partition(", unable to parse")[0]
    words = words.replace("Input should", "it should", 1)
    return words if words.endswith(".") else f"{words}."


def _open_database() -> AbstractAsyncContextManager[Database]:
    from aibc.database.commands import command_database

    return command_database(load_settings())


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,  # plain text: paragraphs fit the terminal, an error is one line
    help="AIBC, the backend and web pages of an AI bootcamp. Settings come from the environment: "
    "docs/configuration.md names them all.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aibc {__version__}")
        raise typer.Exit


@app.callback()
def describe(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Options that stand before the command."""


@app.command()
def serve() -> None:
    """Serve the API and the pages on HOST and PORT until Ctrl-C.

    Without DATABASE_URL it starts the embedded PostgreSQL, loads the sample catalog and makes
    demo accounts, once. Pending migrations are applied unless MIGRATE_ON_START is false.
    """
    from aibc.database.ownership import DirectoryInUse
    from aibc.serving import serve as serve_now

    try:
        serve_now(load_settings())
    except KeyboardInterrupt:
        pass  # told to stop before it had started
    except DirectoryInUse as refusal:
        if not (refusal.owner and refusal.owner.address):
            raise
        typer.echo(refusal.detail)


@app.command()
def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only name the migrations that are pending.")
    ] = False,
    dump: Annotated[
        bool, typer.Option("--dump", help="Print the schema that all migrations make instead.")
    ] = False,
) -> None:
    """Apply pending database migrations, each once, in order."""
    if dump:
        from aibc.database.schema import schema_dump

        typer.echo(schema_dump(), nl=False)
        return
    from aibc.database.commands import migrate_database

    versions = asyncio.run(migrate_database(load_settings(), dry_run=dry_run))
    word = "Pending" if dry_run else "Applied"
    typer.echo("\n".join(f"{word} {version}" for version in versions) or "Nothing to apply.")


def main() -> None:
    """Run a command; what goes wrong on purpose is one sentence and exit code 1."""
    try:
        app(prog_name="aibc")
    except (AibcError, SettingsError) as error:
        typer.echo(f"aibc: {error}", err=True)
        sys.exit(1)
