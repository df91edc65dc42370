"""The page's first section: what was to be reached, and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isinf
from typing import Any, NamedTuple

from benchmarks.svg import short
from benchmarks.tables import table

Sections = dict[str, dict[str, Any]]


class Goal(NamedTuple):
    """One figure with its limit."""

    what: str
    limit: float
    unit: str
    measured: float
    at_most: bool = True

    @property
    def is_met(self) -> bool:
        return self.measured <= self.limit if self.at_most else self.measured >= self.limit

    def row(self) -> list[str]:
        sign = "≤" if self.at_most else "≥"
        return [
            self.what,
            f"{sign} {short(self.limit)} {self.unit}",
            "never, while it was looked at"
            if isinf(self.measured)
            else f"{short(self.measured)} {self.unit}",
            "yes" if self.is_met else "**no**",
        ]


def goals(newest: dict[str, dict[str, Any]]) -> str:
    """The table of all goals whose sections were measured."""
    sections = {name: result["section"] for name, result in newest.items()}
    found = [goal for name, make in _MAKERS.items() if name in sections for goal in make(sections)]
    rows = [goal.row() for goal in found]
    return "## Goals\n\n" + table("what | goal | measured | met", rows) if rows else ""


def _hot_paths(sections: Sections) -> Iterator[Goal]:
    paths = {path["name"]: path for path in sections["hot-paths"]["paths"]}

    def ratio(name: str, subject: str) -> float:
        return _rate(paths[name], "product") / _rate(paths[name], subject)

    if "pathway_resources" in paths:
        what = "read a pathway"
        yield Goal(
            f"{what}: the reference's",
            100,
            "×",
            ratio("pathway_resources", "reference"),
            at_most=False,
        )
        yield Goal(
            f"{what}: of pgbench",
            25,
            "%",
            100 * ratio("pathway_resources", "pgbench"),
            at_most=False,
        )
        yield Goal(f"{what}: CPU", 0.45, "ms", _cpu(paths["pathway_resources"]))
    if "pathway_resources_304" in paths:
        yield Goal(
            "the same, unchanged (304): CPU", 0.15, "ms", _cpu(paths["pathway_resources_304"])
        )
    if "progress_write" in paths:
        what = "report progress"
        yield Goal(
            f"{what}: of pgbench", 50, "%", 100 * ratio("progress_write", "pgbench"), at_most=False
        )
        yield Goal(f"{what}: CPU", 1, "ms", _cpu(paths["progress_write"]))
        yield Goal(f"{what}: statements", 4, "", paths["progress_write"]["statements"])
    if {"queue_first", "queue_last"} <= set(paths):
        first, last = _cpu(paths["queue_first"]), _cpu(paths["queue_last"])
        yield Goal("review queue: CPU of the first page", 1.5, "ms", first)
        yield Goal("review queue: last page beside the first", 1.5, "×", last / first)


def _growth(sections: Sections) -> Iterator[Goal]:
    found = sections["growth"]
    for key, before, after, limit in (
        ("by_learners", "fewer", "usual", 1.2),
        ("by_history", "usual", "longer", 1.2),
    ):
        ratios = [(_sum(one[after]) / _sum(one[before]), one["title"]) for one in found[key]]
        if ratios:
            worst, title = max(ratios)
            what = "learners" if key == "by_learners" else "history"
            yield Goal(f"ten times the {what}, the worst path ({title})", limit, "×", worst)


def _uploads(sections: Sections) -> Iterator[Goal]:
    for case in sections["uploads"]["cases"]:
        if case["size_mib"] != 50:
            continue
        what = f"upload of 50 MiB, {case['at_once']} at once"
        product, reader = case["subjects"]["product"], case["subjects"]["reader"]
        share = 100 * product["mib_per_second"] / reader["mib_per_second"]
        yield Goal(f"{what}: of a plain reader", 60, "%", share, at_most=False)
        yield Goal(f"{what}: extra memory of each", 2, "MiB", product["extra_memory_mib_each"])
        yield Goal(f"{what}: others' p99", 50, "ms", product["others_p99_ms"])


def _sign_in(sections: Sections) -> Iterator[Goal]:
    found = sections["sign-in"]
    what = f"{found['at_once']} sign-ins at once"
    yield Goal(f"{what}: p99 of `/health`", 100, "ms", found["health"]["p99_ms"])


def _start(sections: Sections) -> Iterator[Goal]:
    found = sections["start"]
    yield Goal("start, warm", 3, "s", max(found["next_start_seconds"]))
    yield Goal("start, for the first time", 15, "s", found["first_start_seconds"])
    yield Goal("memory of two workers", 220, "MiB", found["memory_mib"]["after_reads"])


def _evening(sections: Sections) -> Iterator[Goal]:
    found = sections["evening"]
    good = sum(act["good"] for act in found["acts"].values())
    yield Goal("an evening at four fifths of the most: errors", 0, "", found["asked"] - good)


def _overload(sections: Sections) -> Iterator[Goal]:
    found = sections["overload"]
    what = "ten times too many"
    yield Goal(
        f"{what}: answered well", 80, "% of the most", 100 * found["share_of_peak"], at_most=False
    )
    recovery = found["recovery_seconds"]
    yield Goal(f"{what}: recovered after", 5, "s", float("inf") if recovery is None else recovery)


_MAKERS: dict[str, Callable[[Sections], Iterator[Goal]]] = {
    "hot-paths": _hot_paths,
    "growth": _growth,
    "uploads": _uploads,
    "sign-in": _sign_in,
    "start": _start,
    "evening": _evening,
    "overload": _overload,
}


def _rate(path: dict[str, Any], subject: str) -> float:
    rate: float = path["subjects"][subject]["median"]["per_second"]
    return rate


def _cpu(path: dict[str, Any]) -> float:
    return _sum(path["subjects"]["product"]["median"])


def _sum(sample: dict[str, float]) -> float:
    return sample["service_cpu_ms"] + sample["database_cpu_ms"]
