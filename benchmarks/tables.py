"""Tables and figures as the page writes them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.svg import short


def table(head: str, rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are figures."""
    lines = [f"| {head} |", "| --- |" + " ---: |" * head.count("|")]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def milliseconds(value: float) -> str:
    return f"{short(value)} ms"


def times(value: float, other: float | None) -> str:
    return f"{short(value / other)} ×" if other else "–"


def share(value: float, other: float | None) -> str:
    return f"{100 * value / other:.0f} %" if other else "–"


def size(count: int) -> str:
    return f"{count / 1024:.1f} KiB" if count >= 1024 else f"{count} B"
