"""The page's section on hot paths."""

from __future__ import annotations

from typing import Any

from benchmarks.svg import Group, bars, short
from benchmarks.tables import milliseconds, share, size, table, times

SUBJECTS = {"product": "AIBC", "reference": "reference", "pgbench": "pgbench", "static": "static"}


def section(result: dict[str, Any], pictures: dict[str, str]) -> str:
    found, settings = result["section"], result["settings"]
    paths = found["paths"]
    pictures["requests"] = bars(
        "Requests a second (logarithmic)",
        list(SUBJECTS.values()),
        [Group(_short_title(path), _figures(path, "per_second")) for path in paths],
        "/s",
    )
    pictures["cpu"] = bars(
        "CPU time of a request, service and database together (logarithmic)",
        ["AIBC", "reference"],
        [Group(_short_title(path), _cpu(path)) for path in paths],
        "ms",
    )
    lines = [
        "## Hot paths\n",
        f"{settings['connections']} connections kept alive, {settings['rounds']} rounds of "
        f"{settings['seconds']:g} s each in turn, medians.\n",
        "![Requests a second](performance/requests.svg)\n",
        "![CPU time of a request](performance/cpu.svg)\n",
        table(
            "path | answer | AIBC | p50 | p99 | the reference's | of pgbench | of static",
            [_speed_row(path) for path in paths],
        ),
        "CPU time of a request in milliseconds, and how many statements it takes:\n",
        table(
            "path | AIBC: service | + database | reference: service | + database"
            " | statements | of the reference",
            [_cost_row(path) for path in paths],
        ),
        f"Afterwards two workers hold {found['memory_mib']['product']:.0f} MiB (PSS) and "
        f"PostgreSQL {found['memory_mib']['database']:.0f} MiB.",
    ]
    return "\n".join(lines)


def _speed_row(path: dict[str, Any]) -> list[str]:
    product = _median(path, "product")
    rate = product["per_second"]
    return [
        path["title"],
        size(path["answer_bytes"]),
        f"{short(rate)}/s",
        milliseconds(product["p50_ms"]),
        milliseconds(product["p99_ms"]),
        times(rate, _rate(path, "reference")),
        share(rate, _rate(path, "pgbench")),
        share(rate, _rate(path, "static")),
    ]


def _cost_row(path: dict[str, Any]) -> list[str]:
    product, reference = _median(path, "product"), _median(path, "reference")
    figures = [
        f"{one[part]:.3f}" if one else "–"
        for one in (product, reference)
        for part in ("service_cpu_ms", "database_cpu_ms")
    ]
    return [
        path["title"],
        *figures,
        str(path["statements"]),
        str(path["reference_statements"] or "–"),
    ]


def _median(path: dict[str, Any], subject: str) -> dict[str, float]:
    found: dict[str, float] = path["subjects"].get(subject, {}).get("median", {})
    return found


def _figures(path: dict[str, Any], figure: str) -> list[float | None]:
    return [_median(path, subject).get(figure) for subject in SUBJECTS]


def _cpu(path: dict[str, Any]) -> list[float | None]:
    return [
        one["service_cpu_ms"] + one["database_cpu_ms"] if one else None
        for one in (_median(path, "product"), _median(path, "reference"))
    ]


def _rate(path: dict[str, Any], subject: str) -> float | None:
    return _median(path, subject).get("per_second")


def _short_title(path: dict[str, Any]) -> str:
    return str(path["name"]).replace("_", " ")
