"""Files handed in beside a plain reader of the same bytes, and what others notice meanwhile."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.hot_paths import HOT_PATHS
from benchmarks.measuring import Stage, counted_turns
from benchmarks.probe import WrongAnswer
from benchmarks.processes import READER, Service, running
from benchmarks.upload_clients import MEBIBYTE, Handed, form, hand_in
from benchmarks.usage import MemoryWatch, memory_mib, spending
from benchmarks.watching import Watcher

SIZES_MIB = (1, 50)
AT_ONCE = (1, 16)


@dataclass(frozen=True)
class Case:
    size_mib: int
    at_once: int


def run(bench: Bench) -> dict[str, Any]:
    bench.furnish()
    folders = [bench.files / name for name in ("data/storage", "reference-files", "reader-files")]
    reader = Service("reader", READER, {"UPLOAD_DIR": str(folders[2])}, bench.files)
    cases = [Case(size, at_once) for size in SIZES_MIB for at_once in AT_ONCE]
    with bench.stage(with_peers=True) as stage, running(reader):
        # Whose turn it is: everybody in turn, so that nobody's limits are reached.
        turns = cycle(range(bench.scale.learners))
        return {"cases": [_case(bench, stage, reader, case, turns, folders) for case in cases]}


def _case(
    bench: Bench,
    stage: Stage,
    reader: Service,
    case: Case,
    turns: Iterator[int],
    folders: list[Path],
) -> dict[str, Any]:
    services = {"product": stage.product, "reference": stage.reference, "reader": reader}
    body = form(case.size_mib * MEBIBYTE)
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in services}
    for is_counted in counted_turns(bench.pace):
        for name, service in services.items():
            if service is None:
                continue
            bench.say(f"Uploads of {case.size_mib} MiB, {case.at_once} at once: {name}")
            measured = _hand_in(bench, stage, service, case, turns, body)
            if is_counted:
                rounds[name].append(measured)
            empty(folders)
    return {
        "size_mib": case.size_mib,
        "at_once": case.at_once,
        "subjects": {name: _median(one) for name, one in rounds.items()},
    }


def _hand_in(
    bench: Bench, stage: Stage, service: Service, case: Case, turns: Iterator[int], body: bytes
) -> dict[str, float]:
    others = next(HOT_PATHS[0].requests(stage.world))
    before = memory_mib(service.process)
    with (
        spending(service.process, stage.postgres.process) as spent,
        Watcher(stage.product.url, others) as watcher,
        MemoryWatch(service.process, 0.1) as memory,
    ):
        handed = hand_in(
            service.url, stage.world, turns, body, case.at_once, 2 * bench.pace.seconds
        )
    _insist(service, handed)
    done = len(handed.seconds)
    return {
        "per_second": done / handed.lasted,
        "mib_per_second": done * case.size_mib / handed.lasted,
        "p50_ms": 1000 * statistics.median(handed.seconds),
        "service_cpu_ms": 1000 * spent.service / done,
        "database_cpu_ms": 1000 * spent.database / done,
        "extra_memory_mib_each": max(0.0, memory.peak_mib - before) / case.at_once,
        "others_p50_ms": watcher.percentile(0.5),
        "others_p99_ms": watcher.percentile(0.99),
    }


def _insist(service: Service, handed: Handed) -> None:
    if handed.refusals or not handed.seconds:
        raise WrongAnswer(f"{service.name} took no file: {handed.refusals[:1]}")


def empty(folders: list[Path]) -> None:
    """Make room. Directories stay: they are the stores' own."""
    for folder in folders:
        for entry in folder.rglob("*"):
            if entry.is_file():
                entry.unlink()


def _median(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
