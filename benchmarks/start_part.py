"""Starting, and the memory of what has started."""

from __future__ import annotations

import shutil
from typing import Any

from benchmarks import wrk
from benchmarks.bench import Bench
from benchmarks.hot_paths import HOT_PATHS
from benchmarks.processes import PRODUCT, Service, running
from benchmarks.usage import memory_mib


def run(bench: Bench) -> dict[str, Any]:
    bench.furnish()
    return {
        "beside_a_database_seconds": [_start(bench) for _ in range(bench.pace.rounds)],
        **_with_embedded_database(bench),
        "memory_mib": _memory(bench),
    }


def _start(bench: Bench) -> float:
    bench.say("Starting beside a database that runs")
    product = bench.product()
    with running(product):
        return product.seconds_to_start


def _with_embedded_database(bench: Bench) -> dict[str, Any]:
    """`make run`: the first start makes database, catalog and accounts; the next find them."""
    bench.say("Starting with a database of its own")
    directory = bench.files / "first-start"
    shutil.rmtree(directory, ignore_errors=True)
    seconds = []
    for _ in range(1 + bench.pace.rounds):
        service = Service("first-start", PRODUCT, {"AIBC_DATA_DIR": str(directory)}, bench.files)
        with running(service):
            seconds.append(service.seconds_to_start)
    shutil.rmtree(directory)
    return {"first_start_seconds": seconds[0], "next_start_seconds": seconds[1:]}


def _memory(bench: Bench) -> dict[str, float]:
    """Of two workers, the database apart: just started, and after every learner has read."""
    with bench.stage() as stage:
        fresh = memory_mib(stage.product.process)
        for path in HOT_PATHS[:1]:
            with wrk.request_file(list(path.requests(stage.world))) as file:
                wrk.ask(stage.product.url, file, wrk.Load(seconds=2 * bench.pace.seconds))
        return {"started": fresh, "after_reads": memory_mib(stage.product.process)}
