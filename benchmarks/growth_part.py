"""What growth costs: ten times the learners, ten times the history of submissions."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from benchmarks.bench import Bench
from benchmarks.hot_paths import HOT_PATHS
from benchmarks.measuring import compare, median
from benchmarks.scales import SCALES, Scale, ScaleName

FEWER = "measured_fewer"
LONGER = "measured_longer"
# Decided by the way, so there is nothing to put back; the queue is looked at by `history`.
GROWING = (
    "pathway_resources",
    "module_resources",
    "resource_progress",
    "pathway_page",
    "dashboard",
    "progress_write",
)
QUEUE = ("queue_first", "queue_last", "queue_last_by_cursor")
TIMES = 10

# Nine more submissions for each, long replaced. The figures stay what they are, so the triggers
# are spared the work.
_LONGER_HISTORY = f"""
    SET session_replication_role = replica;
    SET synchronous_commit = off;
    INSERT INTO resource_submissions
        (user_id, resource_id, attempt, file_name, file_size_bytes, file_type, sha256, crc32c,
         gcs_url, submission_status, created_at, updated_at)
    SELECT user_id, resource_id, 1000 * copy + attempt, file_name, file_size_bytes, file_type,
           sha256, crc32c, gcs_url || '-' || copy, 'superseded',
           created_at - copy * interval '1 hour', updated_at
    FROM resource_submissions CROSS JOIN generate_series(1, {TIMES - 1}) AS copy;
"""


def run(bench: Bench) -> dict[str, Any]:
    fewer = _fewer(bench.scale)
    bench.furnish()
    bench.furnish(fewer, FEWER)
    longer = _longer(bench)
    bench.postgres.clone(longer, LONGER)
    with ExitStack() as stack:
        usual = stack.enter_context(bench.stage())
        small = stack.enter_context(bench.stage(scale=fewer, database=FEWER))
        long = stack.enter_context(bench.stage(database=LONGER))
        paths = {path.name: path for path in bench.wanted(HOT_PATHS)}
        learners = {
            name: compare({"fewer": small, "usual": usual}, paths[name], bench.pace, bench.say)
            for name in paths
            if name in GROWING
        }
        history = {
            name: compare({"usual": usual, "longer": long}, paths[name], bench.pace, bench.say)
            for name in paths
            if name in QUEUE
        }
    for database in (FEWER, LONGER):
        bench.postgres.drop(database)
    return {
        "learners": {"fewer": fewer.learners, "usual": bench.scale.learners},
        "submissions": {
            "usual": bench.scale.submissions,
            "longer": TIMES * bench.scale.submissions,
        },
        "by_learners": _medians(paths, learners),
        "by_history": _medians(paths, history),
    }


def _fewer(scale: Scale) -> Scale:
    small = SCALES[ScaleName.SMALL]
    return small if scale.learners > small.learners else SCALES[ScaleName.TINY]


def _longer(bench: Bench) -> str:
    """The name of the scale's template with ten times the submissions, made where missing."""
    usual = bench.seeded(bench.scale)
    name = f"{usual}_longer"
    if not bench.postgres.has(name):
        bench.say("Writing ten times the history")
        bench.postgres.clone(usual, f"{name}_unfinished")
        bench.postgres.run_script(_LONGER_HISTORY, f"{name}_unfinished")
        bench.postgres.run("VACUUM (FREEZE, ANALYZE)", f"{name}_unfinished")
        bench.postgres.rename(f"{name}_unfinished", name)
    return name


def _medians(paths: dict[str, Any], samples: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "title": paths[name].title,
            **{which: asdict(median(found)) for which, found in by_stage.items()},
        }
        for name, by_stage in samples.items()
        if by_stage
    ]
