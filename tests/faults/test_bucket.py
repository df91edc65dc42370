"""The bucket refuses, stalls, breaks off, damages, or answers into the void (F11 to F15)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from aibc.settings import MEBIBYTE
from faults.memory import memory_of_each
from faults.school import School, open_school
from faults.share import share_of
from faults.test_disk import text
from fixtures.problems import assert_problem
from fixtures.server import LiveServer, real_settings
from storage.fake_gcs.client import BUCKET, CREATOR, VIEWER, FakeGoogle


@pytest.fixture
async def school(
    make_server: Callable[..., LiveServer],
    database_url: str,
    google: FakeGoogle,
    tmp_path: Path,
) -> School:
    google.grant(*CREATOR, *VIEWER)
    settings = real_settings(database_url)
    server = make_server(
        **settings,
        GCS_BUCKET_NAME=BUCKET,
        GOOGLE_APPLICATION_CREDENTIALS=str(google.key_file(tmp_path)),
        GCS_ENDPOINT=google.url,
        GCS_SIGNING_ENDPOINT=google.url,
    )
    return await open_school(server.start(), settings)


async def handed_in(school: School, size: int) -> httpx.Response:
    answer = await school.hand_in(await school.learner(), text(size), uuid4().hex)
    assert answer is not None
    return answer


async def broken_rules(school: School, google: FakeGoogle) -> list[str]:
    """Where rows and objects differ."""
    objects = google.objects()
    rows = await school.query(
        "SELECT object_key, file_size_bytes, crc32c FROM resource_submissions"
    )
    broken = [
        f"{row['object_key']} is not what its row says"
        for row in rows
        if (found := objects.get(row["object_key"])) is None
        or (found["size"], found["crc32c"]) != (row["file_size_bytes"], row["crc32c"])
    ]
    claimed = {row["object_key"] for row in await school.query("SELECT object_key FROM uploads")}
    return broken + [f"{key} belongs to no upload" for key in objects if key not in claimed]


async def test_a_short_burst_of_refusals_is_sat_out_and_a_long_one_said(
    school: School, google: FakeGoogle
) -> None:
    for status in (503, 429):
        google.fault("status", "PUT", times=3, status=status)
        assert (await handed_in(school, 1)).status_code == 200
    google.fault("status", "PUT", times=1000)
    started = time.monotonic()
    answer = await handed_in(school, 1)
    assert_problem(answer, 503, "storage_unavailable")
    assert time.monotonic() - started < 60
    google.control("calm")
    assert (await handed_in(school, 1)).status_code == 200
    (row,) = await school.query("SELECT count(*) AS number FROM resource_submissions")
    assert row["number"] == 3
    assert await broken_rules(school, google) == []


async def struck(school: School, google: FakeGoogle, rounds: int, seed: int) -> int:
    """Uploads of one to nine MB with a fault on their way; all end up whole, each once."""
    chance = random.Random(seed)
    for number in range(rounds):
        size = chance.choice((1, 5, 9))
        kind = ("reset", "lose_answer", "status", "corrupt")[number % 4]
        method = chance.choice(("PUT", "POST")) if size > 4 and kind != "corrupt" else "PUT"
        google.fault(kind, method, times=1, after_bytes=chance.randrange(MEBIBYTE))
        learner, key = await school.learner(), uuid4().hex
        submission = await school.hand_in_at_last(learner, text(size), key)
        google.control("calm")
        rows = await school.query(
            "SELECT id FROM resource_submissions WHERE user_id = $1", learner.user_id
        )
        assert [str(row["id"]) for row in rows] == [str(submission)], f"seed {seed}"
    assert await broken_rules(school, google) == [], f"seed {seed}"
    (row,) = await school.query(
        "SELECT count(DISTINCT object_key) AS keys, count(*) AS number FROM resource_submissions"
    )
    assert row["keys"] == row["number"] == rounds
    return rounds


async def test_broken_and_damaged_uploads_end_up_whole_and_once(
    school: School, google: FakeGoogle
) -> None:
    await struck(school, google, 5, seed=time.time_ns())


@pytest.mark.soak
async def test_a_hundred_uploads_that_meet_a_fault(
    school: School, google: FakeGoogle, soak_result: Callable[[str, str], None]
) -> None:
    rounds = await struck(school, google, share_of(100), seed=time.time_ns())
    soak_result(
        "uploads: bucket resets, loses answers, refuses, damages (F11, F12, F14, F15)",
        f"{rounds} uploads, each met one: all whole in the bucket, one object and one row each",
    )


@pytest.mark.soak
async def test_an_upload_that_stalls_in_the_bucket_delays_no_other(
    school: School, google: FakeGoogle, soak_result: Callable[[str, str], None]
) -> None:
    google.fault("stall", "PUT", times=1, after_bytes=100_000, seconds=20)
    slow = asyncio.create_task(handed_in(school, 1))
    await asyncio.sleep(0.5)
    others = await asyncio.gather(*(handed_in(school, 1) for _ in range(4)))
    assert {other.status_code for other in others} == {200}
    assert not slow.done()
    started = time.monotonic()
    status = (await slow).status_code
    assert status in (200, 503)
    assert await broken_rules(school, google) == []
    soak_result(
        "uploads: bucket stalls in mid-upload (F13)",
        f"four others taken meanwhile; the stalled one answered {status} "
        f"{time.monotonic() - started:.0f} s later",
    )


async def test_an_upload_to_a_bucket_holds_little_memory(school: School) -> None:
    assert await memory_of_each(school, 4, text(20)) < 10


@pytest.mark.soak
async def test_sixteen_large_uploads_to_a_bucket_hold_little_memory(
    school: School, google: FakeGoogle, soak_result: Callable[[str, str], None]
) -> None:
    each = await memory_of_each(school, 16, text(50))
    assert await broken_rules(school, google) == []
    soak_result(
        "uploads: memory of sixteen at once into a bucket, 50 MB each (F22)",
        f"{each:.2f} MiB of the whole service for each, all taken",
    )
    assert each < 10
