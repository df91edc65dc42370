"""The page's sections on growth, uploads, sign-in and start."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.svg import Group, bars, short
from benchmarks.tables import milliseconds, share, table, times

Result = dict[str, Any]
Pictures = dict[str, str]


def growth(result: Result, _: Pictures) -> str:
    found = result["section"]
    learners, submissions = found["learners"], found["submissions"]
    return "\n".join(
        [
            "## Growth\n",
            f"CPU time of a request (service + database) with {learners['fewer']:,} and with "
            f"{learners['usual']:,} learners, and the review queue with {submissions['usual']:,} "
            f"and with {submissions['longer']:,} submissions in its history, as many waiting.\n",
            table(
                f"path | {learners['fewer']:,} learners | {learners['usual']:,} learners | ratio",
                [_growth_row(one, "fewer", "usual") for one in found["by_learners"]],
            ),
            table(
                f"path | {submissions['usual']:,} submissions"
                f" | {submissions['longer']:,} submissions | ratio",
                [_growth_row(one, "usual", "longer") for one in found["by_history"]],
            ),
        ]
    )


def _growth_row(one: dict[str, Any], before: str, after: str) -> list[str]:
    costs = [one[name]["service_cpu_ms"] + one[name]["database_cpu_ms"] for name in (before, after)]
    return [one["title"], *(f"{cost:.3f} ms" for cost in costs), times(costs[1], costs[0])]


def uploads(result: Result, pictures: Pictures) -> str:
    cases = result["section"]["cases"]
    names = ("product", "reference", "reader")
    pictures["uploads"] = bars(
        "Files taken, MiB a second (logarithmic)",
        ["AIBC", "reference", "plain reader"],
        [
            Group(
                f"{case['size_mib']} MiB, {case['at_once']} at once",
                [case["subjects"][name].get("mib_per_second") for name in names],
            )
            for case in cases
        ],
        "MiB/s",
    )
    return "\n".join(
        [
            "## Uploads\n",
            "Handed in as a form, beside a plain reader: a thread a connection that takes the same "
            "bytes, hashes them (SHA-256, CRC32C), writes and syncs them, and does nothing else. "
            "Others read a pathway meanwhile, 20 times a second.\n",
            "![Files taken](performance/uploads.svg)\n",
            table(
                "files | AIBC | files/s | of the plain reader | of the reference | CPU of a file"
                " | extra memory of an upload | others' p99",
                [_upload_row(case) for case in cases],
            ),
        ]
    )


def _upload_row(case: dict[str, Any]) -> list[str]:
    product, rate = case["subjects"]["product"], case["subjects"]["product"]["mib_per_second"]
    return [
        f"{case['size_mib']} MiB, {case['at_once']} at once",
        f"{short(rate)} MiB/s",
        short(product["per_second"]),
        share(rate, case["subjects"]["reader"]["mib_per_second"]),
        share(rate, case["subjects"]["reference"]["mib_per_second"]),
        milliseconds(product["service_cpu_ms"] + product["database_cpu_ms"]),
        f"{product['extra_memory_mib_each']:.1f} MiB",
        milliseconds(product["others_p99_ms"]),
    ]


def sign_in(result: Result, _: Pictures) -> str:
    found = result["section"]
    health = found["health"]
    return "\n".join(
        [
            "## Sign-in\n",
            f"{found['at_once']} people at once, again and again: {short(found['per_second'])} "
            f"sign-ins a second, {share(found['per_second'], found['argon2_alone_per_second'])} of "
            f"what argon2 alone does on all cores ({short(found['argon2_alone_per_second'])}). "
            f"Half wait less than {milliseconds(found['p50_ms'])}, 99 of 100 less than "
            f"{milliseconds(found['p99_ms'])}. Meanwhile `/health` answers within "
            f"{milliseconds(health['p99_ms'])} (p99 of {health['asked']:,} questions, "
            f"{health['failures']} failures).\n",
        ]
    )


def start(result: Result, _: Pictures) -> str:
    found = result["section"]
    memory = found["memory_mib"]
    rows = [
        ("beside a database that runs", statistics.median(found["beside_a_database_seconds"])),
        ("with the embedded database, again", statistics.median(found["next_start_seconds"])),
        (
            "with the embedded database, for the first time: database, catalog and accounts made",
            found["first_start_seconds"],
        ),
    ]
    return "\n".join(
        [
            "## Start and memory\n",
            table("until `/health` answers | seconds", [[what, f"{s:.1f}"] for what, s in rows]),
            f"Two workers hold {memory['started']:.0f} MiB when they have started and "
            f"{memory['after_reads']:.0f} MiB after thousands of reads (PSS, without the "
            "database).\n",
        ]
    )
