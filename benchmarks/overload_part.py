"""Ten times too many for a minute: how much still gets through, and how soon is it over?

A client asks, waits, rests for a second on average, and asks again. As many clients as ten times
the peak has requests a second would therefore ask for ten times the peak, were they answered.
"""

from __future__ import annotations

import asyncio
from typing import Any

import uvloop

from benchmarks.bench import Bench
from benchmarks.crowd import Crowd, Record, percentile_ms
from benchmarks.evening_mix import Evening
from benchmarks.evening_part import SHARE, busy_cores, measure_peak
from benchmarks.http_requests import HttpRequest
from benchmarks.upload_part import empty
from benchmarks.usage import MemoryWatch, memory_mib, spending
from benchmarks.watching import Watcher

TIMES = 10
REST_SECONDS = 1.0
AFTERWARDS_SECONDS = 10
CALM_MS = 1000.0


def run(bench: Bench) -> dict[str, Any]:
    bench.furnish()
    seconds = 6 * bench.pace.evening_minutes
    with bench.stage() as stage:
        crowd = Crowd(stage.product.url, Evening(stage.world))
        peak = measure_peak(bench, stage, crowd)
        clients = round(TIMES * peak["good_per_second"] * REST_SECONDS)
        before = memory_mib(stage.product.process)
        bench.say(f"Overload: {clients:,} clients for {seconds:.0f} seconds")
        with (
            spending(stage.product.process, stage.postgres.process) as spent,
            MemoryWatch(stage.product.process, 1.0) as memory,
            Watcher(stage.product.url, HttpRequest("GET", "/health", ""), new_calls=True) as health,
        ):
            record, after = uvloop.run(
                _too_many_and_then_usual(crowd, clients, seconds, SHARE * peak["good_per_second"])
            )
    empty([bench.files / "data/storage"])
    during = record.between(0, seconds)
    return {
        "times": TIMES,
        "peak": peak,
        "clients": clients,
        "seconds": seconds,
        "good_per_second": during.good / seconds,
        "share_of_peak": during.good / seconds / peak["good_per_second"],
        "statuses": record.statuses(),
        "p50_ms": percentile_ms(during.answers, 0.5),
        "p99_ms": percentile_ms(during.answers, 0.99),
        "busy_cores": busy_cores(spent),
        "health": health.document(),
        "memory_mib": {"before": before, "most": memory.peak_mib},
        "good_over_time": [
            (float(second + 1), float(record.between(second, second + 1).good))
            for second in range(int(seconds))
        ],
        "recovery_seconds": _recovery_seconds(after),
        "statuses_afterwards": after.statuses(),
    }


async def _too_many_and_then_usual(
    crowd: Crowd, clients: int, seconds: float, rate: float
) -> tuple[Record, Record]:
    """The usual load sets in when the crowd asks no more, while its last answers are due."""
    overload = asyncio.create_task(
        crowd.waiting_for_answers(clients, seconds, pause_seconds=REST_SECONDS)
    )
    await asyncio.sleep(seconds)
    after = await crowd.at_rate(rate, AFTERWARDS_SECONDS)
    return await overload, after


def _recovery_seconds(after: Record) -> float | None:
    """After how many seconds of the usual load everybody was answered well, and stayed so."""
    for second in range(AFTERWARDS_SECONDS):
        later = [one for one in after.answers if one.at >= second]
        if all(one.is_good for one in later) and percentile_ms(later, 0.99) < CALM_MS:
            return float(second)
    return None
