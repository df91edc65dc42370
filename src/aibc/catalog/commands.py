"""`aibc catalog …`: files into the database, and the database into files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import orjson
import typer
from rich.console import Console
from rich.table import Table

from aibc.catalog.documents import PathwayDocument
from aibc.catalog.errors import CatalogInvalid
from aibc.catalog.exporter import export_catalog
from aibc.catalog.forecast import Forecast, forecast_import
from aibc.catalog.forecast_output import (
    forecast_document,
    forecast_sentence,
    forecast_table,
    summary_document,
)
from aibc.catalog.importer import OUTCOMES, ImportSummary, import_documents
from aibc.catalog.loader import load_catalog
from aibc.database.pool import Database

OpenDatabase: TypeAlias = Callable[[], AbstractAsyncContextManager[Database]]

MOST_PROBLEMS_SHOWN = 100
WORTH_NAMING = ("changed", "moved", "returned", "removed")
UP_TO_DATE = "The catalog is up to date: nothing changed."

Source = Annotated[Path, typer.Argument(help="A pathway's file, or a directory of such files.")]
Target = Annotated[Path, typer.Argument(help="A directory; the files go to pathways/ inside it.")]


def catalog_commands(open_database: OpenDatabase) -> typer.Typer:
    """The commands, over the database that `open_database` opens."""
    app = typer.Typer(
        help="What there is to learn: bring it in from YAML files, write it out to them.",
        no_args_is_help=True,
        add_completion=False,
    )

    @app.command("import")
    def import_command(
        path: Source,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    ) -> None:
        """Bring pathways in from YAML files, whole or not at all.

        What a pathway's file no longer names is marked removed and comes back when it is named
        again. Pathways without a file among these stay as they are. Importing the same files
        twice changes nothing. The format: docs/catalog.md.

        A dry run also says for how many learners which figure would move from what to what.
        """
        documents = _load_or_explain(path)
        if dry_run:
            _show_forecast(asyncio.run(_forecast(open_database, documents)), as_json=as_json)
        else:
            _show_summary(asyncio.run(_import(open_database, documents)), as_json=as_json)

    @app.command("export")
    def export_command(path: Target) -> None:
        """Write every pathway to PATH/pathways/<id>.yaml, as an import reads it.

        Files that are there already are replaced. Importing the result changes nothing.
        """
        files = asyncio.run(_export(open_database, path))
        typer.echo(f"Wrote {len(files)} files to {path / 'pathways'}.")

    return app


async def _import(open_database: OpenDatabase, documents: list[PathwayDocument]) -> ImportSummary:
    async with open_database() as database:
        return await import_documents(database, documents)


async def _forecast(open_database: OpenDatabase, documents: list[PathwayDocument]) -> Forecast:
    async with open_database() as database:
        return await forecast_import(database, documents)


async def _export(open_database: OpenDatabase, path: Path) -> list[Path]:
    async with open_database() as database:
        return await export_catalog(database, path)


def _load_or_explain(path: Path) -> list[PathwayDocument]:
    """Load the files, or print their mistakes one a line, as editors know how to follow."""
    try:
        return load_catalog(path)
    except CatalogInvalid as error:
        for problem in error.problems[:MOST_PROBLEMS_SHOWN]:
            typer.echo(str(problem), err=True)
        if len(error.problems) > MOST_PROBLEMS_SHOWN:
            typer.echo(f"… and {len(error.problems) - MOST_PROBLEMS_SHOWN} more.", err=True)
        typer.echo(f"aibc: {error.detail}", err=True)
        raise typer.Exit(1) from None


def _show_summary(summary: ImportSummary, *, as_json: bool) -> None:
    if as_json:
        _print_json(summary_document(summary, dry_run=False))
        return
    _print_outcomes(summary)
    typer.echo("The catalog is imported." if summary.changed_anything else UP_TO_DATE)


def _show_forecast(forecast: Forecast, *, as_json: bool) -> None:
    if as_json:
        _print_json(forecast_document(forecast))
        return
    _print_outcomes(forecast.summary)
    if not forecast.summary.changed_anything:
        typer.echo(UP_TO_DATE)
        return
    if forecast.moves:
        Console(highlight=False).print(forecast_table(forecast))
    typer.echo(f"{forecast_sentence(forecast)} A dry run: nothing was written.")


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _print_outcomes(summary: ImportSummary) -> None:
    kinds = {
        "pathways": summary.pathways,
        "modules": summary.modules,
        "resources": summary.resources,
    }
    Console(highlight=False).print(_table(kinds))
    for kind, outcomes in kinds.items():
        for outcome in WORTH_NAMING:
            if outcome in outcomes:
                typer.echo(f"{outcome} {kind}: {', '.join(outcomes[outcome])}")


def _table(kinds: dict[str, dict[str, list[str]]]) -> Table:
    table = Table("", *OUTCOMES)
    for column in table.columns[1:]:
        column.justify = "right"
    for kind, outcomes in kinds.items():
        table.add_row(kind, *[str(len(outcomes.get(outcome, ()))) for outcome in OUTCOMES])
    return table
