"""`make bench`: seed, start, measure, write a result file and the page about it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from aibc.errors import AibcError
from benchmarks import (
    evening_part,
    growth_part,
    hot_path_part,
    overload_part,
    results,
    sign_in_part,
    start_part,
    upload_part,
)
from benchmarks.bench import Bench
from benchmarks.measuring import Pace
from benchmarks.page import write_page
from benchmarks.postgres import running_postgres
from benchmarks.probe import WrongAnswer
from benchmarks.processes import ServiceFailed
from benchmarks.scales import SCALES, ScaleName
from benchmarks.wrk import ToolMissing, require_wrk

ROOT = Path(__file__).parents[1]


class Part(StrEnum):
    """What `--part` takes."""

    HOT_PATHS = "hot-paths"
    GROWTH = "growth"
    UPLOADS = "uploads"
    SIGN_IN = "sign-in"
    START = "start"
    EVENING = "evening"
    OVERLOAD = "overload"


RUN: dict[Part, Callable[[Bench], dict[str, Any]]] = {
    Part.HOT_PATHS: hot_path_part.run,
    Part.GROWTH: growth_part.run,
    Part.UPLOADS: upload_part.run,
    Part.SIGN_IN: sign_in_part.run,
    Part.START: start_part.run,
    Part.EVENING: evening_part.run,
    Part.OVERLOAD: overload_part.run,
}
USUAL = [Part.HOT_PATHS, Part.GROWTH, Part.UPLOADS, Part.SIGN_IN, Part.START]

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def bench_command(
    scale: Annotated[
        ScaleName,
        typer.Option(help="200, 2,000, 20,000 or 200,000 learners; seeded once, then kept."),
    ] = ScaleName.STANDARD,
    part: Annotated[
        list[Part] | None,
        typer.Option(help="Only this part; may be given several times."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often everybody has a turn.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long one turn lasts.")] = 2.0,
    connections: Annotated[int, typer.Option(min=1, help="How many ask at once.")] = 32,
    evening_minutes: Annotated[
        float, typer.Option(min=0.1, help="How long the evening lasts; overload takes a tenth.")
    ] = 10.0,
    path: Annotated[
        list[str] | None,
        typer.Option(help="Only this hot path, such as pathway_resources; several are fine."),
    ] = None,
    directory: Annotated[
        Path, typer.Option(help="Where the database and the services' files are kept.")
    ] = ROOT / ".aibc-bench",
    result_directory: Annotated[
        Path, typer.Option(help="Where the result file goes.")
    ] = results.DIRECTORY,
    docs: Annotated[
        Path, typer.Option(help="Where the page, performance.md, and its pictures go.")
    ] = ROOT / "docs",
    page_only: Annotated[
        bool, typer.Option("--page-only", help="Only write the page anew from the results.")
    ] = False,
) -> None:
    """Measure AIBC beside what it could be: hot paths, growth, uploads, sign-in, start.

    The parts `evening` and `overload`, `make bench-evening`, are the long ones.
    """
    if not page_only:
        require_wrk()
        pace = Pace(
            rounds=rounds, seconds=seconds, connections=connections, evening_minutes=evening_minutes
        )
        with _shown() as say, running_postgres(directory) as postgres:
            bench = Bench(
                postgres, directory.absolute(), SCALES[scale], pace, say, frozenset(path or ())
            )
            typer.echo(f"Result: {_measured(bench, part or USUAL, result_directory)}")
    write_page(result_directory, docs)
    typer.echo(f"Page: {docs / 'performance.md'}")


def _measured(bench: Bench, parts: list[Part], directory: Path) -> Path:
    """The result file. What was measured stays in it when a later part fails."""
    result = results.new_result(bench)
    for part in parts:
        result["sections"][part.value] = RUN[part](bench)
        path = results.save(result, directory)
    return path


@contextmanager
def _shown() -> Iterator[Callable[[str], None]]:
    """What is going on and since when, on one line of the terminal."""
    columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("Starting PostgreSQL", total=None)
        yield lambda what: progress.update(task, description=what)


def main() -> None:
    try:
        app()
    except (AibcError, ServiceFailed, ToolMissing, WrongAnswer) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
