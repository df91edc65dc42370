"""An evening: four fifths of what the service can do, for ten minutes, with everything in it."""

from __future__ import annotations

import statistics
from typing import Any

import psutil
import uvloop

from benchmarks.bench import Bench
from benchmarks.crowd import Crowd, Record, percentile_ms
from benchmarks.evening_mix import TIMES_AN_HOUR, Evening
from benchmarks.measuring import Stage
from benchmarks.upload_part import empty
from benchmarks.usage import MemoryWatch, Spent, spending

SHARE = 0.8
CLIENTS_AT_PEAK = 32
WINDOWS = 60


def run(bench: Bench) -> dict[str, Any]:
    bench.furnish()
    seconds = 60 * bench.pace.evening_minutes
    with bench.stage() as stage:
        crowd = Crowd(stage.product.url, Evening(stage.world))
        peak = measure_peak(bench, stage, crowd)
        rate = SHARE * peak["good_per_second"]
        bench.say(f"An evening: {rate:.0f} requests a second for {seconds / 60:g} minutes")
        with (
            spending(stage.product.process, stage.postgres.process) as spent,
            MemoryWatch(stage.product.process, seconds / 120) as memory,
        ):
            record = uvloop.run(crowd.at_rate(rate, seconds))
    empty([bench.files / "data/storage"])
    return {
        "mix": TIMES_AN_HOUR,
        "peak": peak,
        "rate": rate,
        "seconds": seconds,
        "asked": len(record.answers),
        "statuses": record.statuses(),
        "acts": record.by_name(),
        "busy_cores": busy_cores(spent),
        "p99_ms": _over_time(record, seconds),
        "memory_mib": memory.readings,
        "memory_slope_mib_an_hour": slope_an_hour(memory.readings),
    }


def measure_peak(bench: Bench, stage: Stage, crowd: Crowd) -> dict[str, Any]:
    """What the service can do: a few clients that ask again as soon as they are answered."""
    seconds = 4 * bench.pace.seconds
    bench.say("An evening: what is the most?")
    uvloop.run(crowd.waiting_for_answers(CLIENTS_AT_PEAK, bench.pace.seconds))
    with spending(stage.product.process, stage.postgres.process) as spent:
        record = uvloop.run(crowd.waiting_for_answers(CLIENTS_AT_PEAK, seconds))
    return {
        "clients": CLIENTS_AT_PEAK,
        "good_per_second": record.between(0, seconds).good / seconds,
        "statuses": record.statuses(),
        "p99_ms": percentile_ms(record.answers, 0.99),
        "busy_cores": busy_cores(spent),
    }


def busy_cores(spent: Spent) -> dict[str, float]:
    """How many cores each kept busy on average."""
    return {
        "service": spent.service / spent.seconds,
        "database": spent.database / spent.seconds,
        "load": spent.load / spent.seconds,
        "there_are": float(psutil.cpu_count() or 1),
    }


def slope_an_hour(readings: list[tuple[float, float]]) -> float:
    """Growth of memory in MiB an hour, once the first fifth of the time has warmed things up."""
    warm = readings[len(readings) // 5 :]
    if len(warm) < 2:
        return 0.0
    return 3600 * statistics.linear_regression(*zip(*warm, strict=True)).slope


def _over_time(record: Record, seconds: float) -> list[tuple[float, float]]:
    step = seconds / WINDOWS
    return [
        (
            step * (place + 1),
            percentile_ms(record.between(step * place, step * (place + 1)).answers, 0.99),
        )
        for place in range(WINDOWS)
    ]
