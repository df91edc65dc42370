"""Result files: one a run, by date and commit; each section of the page is the newest there is."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.machine import commit, machine, packages
from benchmarks.processes import WORKERS

DIRECTORY = Path(__file__).with_name("results")


def new_result(bench: Bench) -> dict[str, Any]:
    """What stands above every result."""
    return {
        "measured_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "commit": commit(),
        "machine": {**machine(), "postgresql": bench.postgres.version()},
        "packages": packages(),
        # What else the machine had to do when it began: 0 is nothing.
        "load_before": round(os.getloadavg()[0], 1),
        "settings": {
            "scale": bench.scale.name,
            "learners": bench.scale.learners,
            "completions": bench.scale.completions,
            "submissions": bench.scale.submissions,
            "waiting": bench.scale.waiting,
            "workers": WORKERS,
            "rounds": bench.pace.rounds,
            "seconds": bench.pace.seconds,
            "connections": bench.pace.connections,
        },
        "sections": {},
    }


def save(result: dict[str, Any], directory: Path) -> Path:
    """Write it under its date and commit, added to what was measured there in the same way."""
    directory.mkdir(parents=True, exist_ok=True)
    name = f"{result['measured_at'][:10]}-{result['commit'].replace('+', '-changed')}"
    for number in count(1):
        path = directory / f"{name}{f'-{number}' if number > 1 else ''}.json"
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else result
        if before["settings"] == result["settings"]:
            break
    result = {**result, "sections": {**before["sections"], **result["sections"]}}
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def newest_sections(directory: Path) -> dict[str, dict[str, Any]]:
    """For every section the newest result that holds it: the result's head with that section."""
    newest: dict[str, dict[str, Any]] = {}
    found = [json.loads(path.read_text(encoding="utf-8")) for path in directory.glob("*.json")]
    for result in sorted(found, key=lambda result: str(result["measured_at"])):
        for name, section in result["sections"].items():
            newest[name] = {**result, "section": section}
    return newest
