"""How an examination shows its progress and its report to a person."""

from __future__ import annotations

from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from aibc.doctor.findings import Findings, Report

SECONDS_BETWEEN_LINES = 5.0


class Display:
    """How far the checks are, on standard error: a bar each on a terminal, elsewhere a line now
    and then."""

    def __init__(self, *, quiet: bool) -> None:
        console = Console(stderr=True, highlight=False)
        self._lines = None if quiet or console.is_terminal else console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=quiet or not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._said_at = monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def watch(self, check: str, done: int, total: int | None) -> None:
        """Show how far a check is."""
        if check not in self._tasks:
            self._tasks[check] = self._progress.add_task(check, total=total)
        self._progress.update(self._tasks[check], completed=done, total=total)
        if self._lines and monotonic() - self._said_at > SECONDS_BETWEEN_LINES:
            self._said_at = monotonic()
            self._lines.print(f"{check}: {done:,}" + (f" of {total:,}" if total else ""))


def print_report(report: Report, seconds: float) -> None:
    """Everything found, one line each, and a closing sentence."""
    _print_findings("Mended", report.mended, "green")
    _print_findings("Wrong", report.wrong, "red")
    for notice in report.notices:
        _say(f"Note: {notice}")
    _say(
        f"Compared {report.learners:,} learners, {report.submissions:,} submissions and "
        f"{report.objects:,} objects in {seconds:.1f} s: {_verdict(report)}"
    )


def _print_findings(word: str, findings: Findings, style: str) -> None:
    for finding in findings.kept:
        _say(f"{word}: {finding.sentence}", style)
    if findings.total > len(findings.kept):
        _say(f"{word}: … and {findings.total - len(findings.kept):,} more.", style)


def _verdict(report: Report) -> str:
    filled = f" Fingerprints filled: {report.fingerprints_filled:,}." * bool(
        report.fingerprints_filled
    )
    if report.wrong.total:
        mended = f", {report.mended.total:,} mended" if report.mended.total else ""
        return f"{report.wrong.total:,} wrong{mended}.{filled}"
    if report.mended.total:
        return f"{report.mended.total:,} mended, nothing is wrong any more.{filled}"
    return f"nothing is wrong.{filled}"


def _say(line: str, style: str = "") -> None:
    Console(highlight=False).print(escape(line), style=style, soft_wrap=True)
