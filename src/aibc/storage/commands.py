"""`aibc storage`: set a bucket up for direct uploads, and check that it works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, TypeAlias

import typer

from aibc.settings import load_settings

OpenDatabase: TypeAlias = Callable[[], AbstractAsyncContextManager[Any]]


def storage_commands(open_database: OpenDatabase) -> typer.Typer:  # noqa: ARG001 - none is needed
    """The commands `setup` and `check`."""
    app = typer.Typer(no_args_is_help=True, help="Set up and check where handed-in files are kept.")

    @app.command()
    def setup(
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Only print the rules the bucket would get.")
        ] = False,
    ) -> None:
        """Let the pages of CORS_ORIGINS upload straight into the bucket.

        Rules of the bucket for other origins stay. Needs the right storage.buckets.update once,
        which the service itself never does.
        """
        from aibc.storage.operator import set_up_cors

        typer.echo(asyncio.run(set_up_cors(load_settings(), dry_run=dry_run)))

    @app.command()
    def check() -> None:
        """Store and fetch a small object as a browser would, and name what is missing.

        It needs no more rights than the service. Exit code 1 when something has to be mended.
        """
        from aibc.storage.operator import check_storage

        findings = asyncio.run(check_storage(load_settings()))
        for finding in findings:
            typer.echo(f"{'ok  ' if finding.is_good else 'BAD '} {finding.detail}")
            if finding.remedy:
                typer.echo(f"     {finding.remedy}")
        if not all(finding.is_good for finding in findings):
            raise typer.Exit(1)

    return app
