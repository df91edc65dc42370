"""The part of a run that measures every hot path beside its peers."""

from __future__ import annotations

from typing import Any

from benchmarks.bench import Bench
from benchmarks.hot_paths import HOT_PATHS, HotPath
from benchmarks.measuring import DATABASE, Trace, measure, trace
from benchmarks.statement_log import logged_statements
from benchmarks.usage import memory_mib


def run(bench: Bench) -> dict[str, Any]:
    bench.furnish()
    traces = _traces(bench)
    bench.furnish()
    with bench.stage(with_peers=True) as stage:
        paths = [
            measure(stage, path, found, bench.pace, bench.say).document() for path, found in traces
        ]
        return {
            "paths": paths,
            "memory_mib": {
                "product": memory_mib(stage.product.process),
                "database": memory_mib(stage.postgres.process),
            },
        }


def _traces(bench: Bench) -> list[tuple[HotPath, Trace]]:
    """One request of each path, looked at closely; paths that the product does not have are out."""
    found = []
    with logged_statements(bench.postgres, DATABASE), bench.stage(with_peers=True) as stage:
        for path in bench.wanted(HOT_PATHS):
            bench.say(f"{path.title}: statements")
            seen = trace(stage, path)
            if seen is not None:
                found.append((path, seen))
    return found
