"""kill -9 at every step of an upload, and at any moment (F01, F02)."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import psutil
import pytest

from faults.launcher import DIRECT_STEPS, UPLOAD_STEPS
from faults.school import TEXT, Learner, School, open_school, with_trapdoors
from faults.share import share_of
from fixtures.server import LiveServer, real_settings
from submissions.calls import API

CONTENT = TEXT * 20_000  # three blocks on their way to the disk


@pytest.fixture
async def school(make_server: Callable[..., LiveServer], database_url: str, door: Path) -> School:
    settings = real_settings(database_url)
    server = with_trapdoors(make_server(**settings), door)
    return await open_school(server.start(), settings)


@pytest.fixture
def door(tmp_path: Path) -> Path:
    """Where a test says at which step the service is to die."""
    return tmp_path / "trapdoor"


async def killed_in_an_upload(school: School, door: Path, step: str) -> None:
    learner, key = await school.learner(), uuid4().hex
    door.write_text(step)
    assert await school.hand_in(learner, CONTENT, key) is None, step
    assert not door.exists(), f"nobody came to {step}"
    await school.until_healthy()
    submission = await school.hand_in_at_last(learner, CONTENT, key)
    assert await submissions_of(school, learner) == [submission]


async def killed_in_a_direct_upload(school: School, door: Path, step: str) -> None:
    learner, key = await school.learner(), uuid4().hex
    door.write_text(step)
    submission = await hand_in_directly(school, learner, key)
    assert not door.exists(), f"nobody came to {step}"
    assert await submissions_of(school, learner) == [submission]


async def hand_in_directly(school: School, learner: Learner, key: str) -> UUID:
    """Begin, send and finish, each again until it is answered."""
    announced = {
        "file_name": "work.txt",
        "file_size_bytes": len(CONTENT),
        "file_type": "text/plain",
    }
    async with school.client(learner) as client:
        begun = await answered(
            school, client, "POST", f"{API}/users/me/resources/{school.exercise}/uploads", announced
        )
        assert begun.status_code == 200, begun.text
        upload = begun.json()
        url = urlsplit(upload["url"])
        sent = await answered(
            school, client, "PUT", f"{url.path}?{url.query}", CONTENT, upload["headers"]
        )
        # 412: it had arrived when the service died.
        assert sent.status_code in (200, 412), sent.text
        for _ in range(100):
            done = await answered(
                school,
                client,
                "POST",
                f"{API}/users/me/uploads/{upload['upload_id']}/finalize",
                headers={"Idempotency-Key": key},
            )
            if done.status_code != 409:
                break
            await school.query("UPDATE idempotency_keys SET leased_until = clock_timestamp()")
        assert done.status_code == 200, done.text
        return UUID(done.json()["submission_id"])


async def answered(
    school: School,
    client: httpx.AsyncClient,
    method: str,
    path: str,
    body: dict[str, object] | bytes | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    content = body if isinstance(body, bytes) else None
    document = body if isinstance(body, dict) else None
    while True:
        try:
            return await client.request(
                method, path, content=content, json=document, headers=headers
            )
        except httpx.HTTPError:
            await school.until_healthy()


async def submissions_of(school: School, learner: Learner) -> list[UUID]:
    rows = await school.query(
        "SELECT id FROM resource_submissions WHERE user_id = $1", learner.user_id
    )
    return [UUID(str(row["id"])) for row in rows]


async def kill_at_every_step(school: School, door: Path, rounds: int) -> int:
    kills = 0
    for _ in range(rounds):
        for step in UPLOAD_STEPS:
            await killed_in_an_upload(school, door, step + _whole(kills))
            kills += 1
        for step in DIRECT_STEPS:
            await killed_in_a_direct_upload(school, door, step + _whole(kills))
            kills += 1
    await school.settle()
    assert await school.broken_rules() == []
    examined = school.server.run("doctor", "--deep")
    assert examined.returncode == 0, examined.stdout
    return kills


def _whole(number: int) -> str:
    """Now and then the whole service dies, not its worker alone; 5 divides no number of steps."""
    return "!" if number % 5 == 4 else ""


async def kill_at_any_moment(school: School, kills: int, seed: int) -> int:
    """Returns how many uploads had been acknowledged before their service died."""
    chance, acknowledged = random.Random(seed), 0
    for number in range(kills):
        learners = [await school.learner() for _ in range(3)]
        keys = [uuid4().hex for _ in learners]
        uploads = [
            asyncio.create_task(school.hand_in(learner, CONTENT, key))
            for learner, key in zip(learners, keys, strict=True)
        ]
        await asyncio.sleep(chance.uniform(0, 0.5))
        kill(school, whole=number % 10 == 9)
        first = await asyncio.gather(*uploads)
        await school.until_healthy()
        for learner, key, answer in zip(learners, keys, first, strict=True):
            submission = await school.hand_in_at_last(learner, CONTENT, key)
            assert await submissions_of(school, learner) == [submission], f"seed {seed}"
            if answer is not None and answer.status_code == 200:
                acknowledged += 1
                assert answer.json()["submission_id"] == str(submission), f"seed {seed}"
    await school.settle()
    assert await school.broken_rules() == [], f"seed {seed}"
    return acknowledged


def kill(school: School, *, whole: bool) -> None:
    assert school.server.process
    service = psutil.Process(school.server.process.pid)
    with suppress(psutil.NoSuchProcess):
        for worker in service.children():
            worker.send_signal(signal.SIGKILL)
        if whole:
            service.send_signal(signal.SIGKILL)
            school.server.process.wait()


async def test_a_service_killed_at_any_step_loses_nothing_and_does_nothing_twice(
    school: School, door: Path
) -> None:
    await kill_at_every_step(school, door, 1)


async def test_a_service_killed_at_any_moment_loses_nothing_and_does_nothing_twice(
    school: School,
) -> None:
    await kill_at_any_moment(school, 6, seed=time.time_ns())


@pytest.mark.soak
async def test_fifty_kills_at_every_step(
    school: School, door: Path, soak_result: Callable[[str, str], None]
) -> None:
    rounds = share_of(50)
    kills = await kill_at_every_step(school, door, rounds)
    soak_result(
        "uploads: killed at each step (F02)",
        f"{len(UPLOAD_STEPS) + len(DIRECT_STEPS)} steps × {rounds}: {kills} kills, nothing lost, "
        "nothing twice, nothing left over",
    )


@pytest.mark.soak
async def test_five_hundred_kills_at_any_moment(
    school: School, soak_result: Callable[[str, str], None]
) -> None:
    kills = share_of(500)
    acknowledged = await kill_at_any_moment(school, kills, seed=time.time_ns())
    soak_result(
        "uploads: killed at any moment (F01)",
        f"{kills} kills, {3 * kills:,} uploads, {acknowledged} acknowledged before the kill: "
        "all kept, each exactly once",
    )
