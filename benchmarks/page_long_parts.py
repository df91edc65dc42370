"""The page's sections on an evening and on overload."""

from __future__ import annotations

from typing import Any

from benchmarks.svg import Line, lines, short
from benchmarks.tables import milliseconds, table

EVENING = """\
Four fifths of the most that the service can do, with everything in it. The mix is one learner's
hour, and what comes of it: sign in, open the dashboard, walk to a resource, work, while the page
reports every two minutes; every second learner hands in a file, most of about a mebibyte. For each
hundred learners an instructor looks at the queue every two minutes and decides once a minute.
Requests come at random moments, whether or not those before them were answered, and their time
counts from the moment they came.
"""
OVERLOAD = """\
{clients:,} clients for {seconds:.0f} seconds, each with a connection of its own: ask, wait for the
answer, rest for a second, ask again, whatever the answer was. Were they answered at once, that
would be {times} times the most that the service can do.
"""

Result = dict[str, Any]
Pictures = dict[str, str]


def evening(result: Result, pictures: Pictures) -> str:
    found = result["section"]
    minutes = found["seconds"] / 60
    pictures["evening-latency"] = lines(
        "p99 of all requests", [Line("p99", _by_minute(found["p99_ms"]))], "minutes", "ms"
    )
    pictures["evening-memory"] = lines(
        "Memory of two workers (PSS)",
        [Line("AIBC", _by_minute(found["memory_mib"]))],
        "minutes",
        "MiB",
    )
    busy = found["busy_cores"]
    return "\n".join(
        [
            "## A bootcamp evening\n",
            EVENING,
            f"The most: {short(found['peak']['good_per_second'])} requests a second "
            f"({found['peak']['clients']} clients that never rest). For {minutes:g} minutes "
            f"{short(found['rate'])} a second, {found['asked']:,} in all: {_statuses(found)}. "
            f"{_saturated(found['peak'])} During the evening the service kept "
            f"{busy['service']:.2f} cores busy and the database {busy['database']:.2f}.\n",
            table(
                "act | of a learner's hour | asked | p50 | p99",
                [_act_row(name, often, found) for name, often in found["mix"].items()],
            ),
            "![p99 over the evening](performance/evening-latency.svg)\n",
            "![Memory over the evening](performance/evening-memory.svg)\n",
            f"Memory grows by {found['memory_slope_mib_an_hour']:.1f} MiB an hour once warm.\n",
        ]
    )


def overload(result: Result, pictures: Pictures) -> str:
    found = result["section"]
    health, memory = found["health"], found["memory_mib"]
    pictures["overload"] = lines(
        "Requests answered well each second",
        [Line("well answered", found["good_over_time"])],
        "seconds",
        "requests",
        ceiling=found["peak"]["good_per_second"],
    )
    recovery = found["recovery_seconds"]
    return "\n".join(
        [
            "## Ten times too many\n",
            OVERLOAD.format(**found),
            f"Answered well: {short(found['good_per_second'])} a second, "
            f"**{100 * found['share_of_peak']:.0f} %** of the most, which is "
            f"{short(found['peak']['good_per_second'])} ({_statuses(found)}; 503 comes with "
            "`Retry-After`). Half of those answered well waited less than "
            f"{milliseconds(found['p50_ms'])}, 99 of 100 less than "
            f"{milliseconds(found['p99_ms'])}. `/health`, on a new connection each time: p99 "
            f"{milliseconds(health['p99_ms'])}, {health['failures']} failures in "
            f"{health['asked']:,}. Memory: {memory['before']:.0f} MiB before, "
            f"{memory['most']:.0f} MiB at most.\n",
            "![Answered well over time](performance/overload.svg)\n",
            "Afterwards, at four fifths of the most, "
            + (
                "it had not recovered when it was last looked at.\n"
                if recovery is None
                else f"everybody is answered well again after {recovery:.0f} s.\n"
            ),
        ]
    )


def _by_minute(points: list[list[float]]) -> list[tuple[float, float]]:
    return [(seconds / 60, value) for seconds, value in points]


def _statuses(found: Result) -> str:
    return ", ".join(f"{count:,} × {status}" for status, count in found["statuses"].items())


def _saturated(peak: Result) -> str:
    """What gives out first."""
    busy = peak["busy_cores"]
    return (
        f"What gives out first is the processor: of {busy['there_are']:g} cores the service takes "
        f"{busy['service']:.2f}, the database {busy['database']:.2f} and whoever asks "
        f"{busy['load']:.2f}."
    )


def _act_row(name: str, often: float, found: Result) -> list[str]:
    act = found["acts"].get(name)
    if act is None:
        return [name, f"{often:g} ×", "0", "–", "–"]
    return [
        name,
        f"{often:g} ×",
        f"{act['asked']:,}",
        milliseconds(act["p50_ms"]),
        milliseconds(act["p99_ms"]),
    ]
