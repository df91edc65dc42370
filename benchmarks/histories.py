"""What each learner has done so far: the same for the same number, on every machine.

A learner walks four pathways in order, 40 resources into the first, then 30, 20 and 10. Of the
files to hand in some passed, one was rejected and passed in the end, one was replaced before
anybody looked, one learner in four waits for a review, and some are still being worked on.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from benchmarks.curriculum import takes_file
from benchmarks.identities import (
    identity,
    instructor_id,
    learner_id,
    pathway_id,
    resource_id,
    waiting_id,
)
from benchmarks.scales import INSTRUCTORS, WAITING_EVERY

WALKED = (40, 30, 20, 10)
NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
# What became of the files of each pathway in order: a attempts, newest last. `-` none yet.
FILES = (
    ("a", "a", "ra", "a", "?"),
    ("a", "sa", "-", "-"),
    ("a", "-"),
    ("-",),
)
STATUS = {"a": "approved", "r": "rejected", "s": "superseded", "w": "uploaded"}

COMPLETION_COLUMNS = [
    "id", "user_id", "resource_id", "status", "progress_percentage", "time_spent_minutes",
    "started_at", "completed_at", "last_accessed_at",
]  # fmt: skip
SUBMISSION_COLUMNS = [
    "id", "user_id", "resource_id", "attempt", "file_name", "file_size_bytes", "file_type",
    "sha256", "crc32c", "gcs_url", "submission_status", "reviewed_by", "reviewed_at",
    "review_comments", "created_at",
]  # fmt: skip

Row = tuple[Any, ...]


class History(NamedTuple):
    """Rows of one learner, in the order of the columns above."""

    completions: list[Row]
    submissions: list[Row]


def history(number: int) -> History:
    """What learner `number` has done."""
    chance = random.Random(number)
    completions: list[Row] = []
    submissions: list[Row] = []
    for walk, places in enumerate(WALKED):
        files = iter(FILES[walk])
        begun = NOW - timedelta(days=90 - 20 * walk, minutes=chance.randrange(1440))
        for place in range(places):
            resource = resource_id(number + walk, place)
            moment = begun + timedelta(hours=11 * place, minutes=chance.randrange(600))
            by_file = takes_file(place)
            completions.append(_completion(number, resource, moment, chance, done=not by_file))
            if by_file:
                submissions += _submissions(number, walk, resource, moment, next(files))
    return History(completions, submissions)


def _completion(
    number: int, resource: str, moment: datetime, chance: random.Random, *, done: bool
) -> Row:
    return (
        identity("completion", f"{number}:{resource}"),
        learner_id(number),
        resource,
        "completed" if done else "in_progress",
        100 if done else 40 + chance.randrange(60),
        5 + chance.randrange(55),
        moment,
        moment + timedelta(minutes=40) if done else None,
        moment + timedelta(minutes=40),
    )


def _submissions(
    number: int, walk: int, resource: str, moment: datetime, fates: str
) -> Iterator[Row]:
    if fates == "?":
        fates = "w" if number % WAITING_EVERY == 0 else "r" if number % WAITING_EVERY == 1 else "a"
    elif fates == "-":
        return
    for attempt, fate in enumerate(fates, start=1):
        yield _submission(number, walk, resource, attempt, STATUS[fate], moment)


def _submission(
    number: int, walk: int, resource: str, attempt: int, status: str, moment: datetime
) -> Row:
    waits = status == "uploaded"
    name = f"work-{attempt}.png"
    key = f"pathways/{pathway_id(number + walk)}/users/{learner_id(number)}/resources/{resource}"
    handed_in = moment + timedelta(hours=2 * attempt)
    return (
        _submission_id(number, resource, attempt, waits=waits),
        learner_id(number),
        resource,
        attempt,
        name,
        180_000 + number % 7_000,
        "image/png",
        f"{number:064x}",
        "AAAAAA==",
        f"local://{key}/{handed_in:%Y-%m-%d_%H-%M-%S}_{name}",
        status,
        instructor_id(number % INSTRUCTORS) if status in ("approved", "rejected") else None,
        handed_in + timedelta(hours=30) if status in ("approved", "rejected") else None,
        "Please say how you measured it." if status == "rejected" else None,
        handed_in,
    )


def _submission_id(number: int, resource: str, attempt: int, *, waits: bool) -> UUID:
    if waits:
        return waiting_id(number)
    return identity("submission", f"{number}:{resource}:{attempt}")
