"""The service is stopped, starved or besieged while files come in (F21 to F25)."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from uuid import UUID, uuid4

import httpx
import pytest

from aibc.settings import MEBIBYTE
from faults.school import TEXT, Learner, School, open_school
from faults.share import share_of
from faults.test_disk import text
from faults.tools import needs_prlimit, workers_of
from fixtures.server import LiveServer, real_settings
from submissions.calls import stored_files
from submissions.sockets import Classroom
from submissions.waiting import until

DRAIN_AT_MOST = 10.0


@pytest.fixture
async def school(make_server: Callable[..., LiveServer], database_url: str) -> School:
    settings = real_settings(database_url)
    return await open_school(make_server(**settings).start(), settings)


async def acknowledged(answers: list[httpx.Response | None]) -> list[UUID]:
    return [
        UUID(answer.json()["submission_id"])
        for answer in answers
        if answer is not None and answer.status_code == 200
    ]


async def stopped_under_load(school: School) -> tuple[int, int, float]:
    """SIGTERM with uploads under way: how many were acknowledged, how many cut, in what time."""
    learners = [await school.learner() for _ in range(10)]
    uploads = [
        asyncio.create_task(school.hand_in(learner, text(10), uuid4().hex)) for learner in learners
    ]

    async def under_way() -> bool:
        files = stored_files(school.storage)
        return sum(file.suffix == ".part" for file in files) >= 2 or len(files) >= 5

    await until(under_way, 60)
    started = time.monotonic()
    code = await asyncio.to_thread(school.server.stop, signal.SIGTERM)
    seconds = time.monotonic() - started
    assert code == 0, school.server.output
    assert seconds < DRAIN_AT_MOST + 2
    kept = await acknowledged(await asyncio.gather(*uploads))
    rows = await school.query("SELECT id FROM resource_submissions")
    assert set(kept) <= {UUID(str(row["id"])) for row in rows}
    school.server.start()
    await school.settle()
    assert await school.broken_rules() == []
    return len(kept), len(uploads) - len(kept), seconds


async def test_stopped_under_load_it_ends_in_time_and_keeps_its_word(school: School) -> None:
    await stopped_under_load(school)


@pytest.mark.soak
async def test_stopped_twenty_times_under_load(
    school: School, soak_result: Callable[[str, str], None]
) -> None:
    rounds = share_of(20)
    results = [await stopped_under_load(school) for _ in range(rounds)]
    soak_result(
        "uploads: SIGTERM with ten uploads of 10 MB under way (F23)",
        f"{rounds} times: exit 0 within {max(r[2] for r in results):.1f} s; "
        f"{sum(r[0] for r in results)} acknowledged and kept, "
        f"{sum(r[1] for r in results)} cut or not begun",
    )


async def rolled(school: School, second: LiveServer, seconds: float) -> tuple[int, int]:
    """Two instances restarted in turn: returns how many files came in, and retries needed."""
    ports = [school.server.port, second.port]
    files, retries, end = 0, 0, time.monotonic() + seconds
    is_over = False

    async def client() -> None:
        nonlocal files, retries
        while not is_over:
            learner, key = await school.learner(), uuid4().hex
            for turn in range(400):
                answer = await school.hand_in(learner, TEXT, key, port=ports[turn % 2])
                if answer is not None and answer.status_code == 200:
                    break
                assert answer is None or answer.status_code in (409, 503), answer.text
                retries += 1
                await asyncio.sleep(0.05)
            else:
                raise AssertionError("neither instance took it")
            rows = await school.query(
                "SELECT id FROM resource_submissions WHERE user_id = $1", learner.user_id
            )
            assert [str(row["id"]) for row in rows] == [answer.json()["submission_id"]]
            files += 1

    clients = [asyncio.create_task(client()) for _ in range(3)]
    while time.monotonic() < end:
        for server in (school.server, second):
            assert await asyncio.to_thread(server.stop, signal.SIGTERM) == 0
            await asyncio.to_thread(server.start)
    is_over = True
    await asyncio.gather(*clients)
    await school.settle()
    assert await school.broken_rules() == []
    return files, retries


@pytest.fixture
async def second(school: School, make_server: Callable[..., LiveServer]) -> LiveServer:
    """Another instance over the same database and the same files."""
    settings = {name: school.server.setting(name) for name in real_settings("")}
    server = make_server(**settings, STORAGE_DIR=str(school.storage))
    return server.start()


@pytest.mark.soak
async def test_two_minutes_of_rolling_restarts(
    school: School, second: LiveServer, soak_result: Callable[[str, str], None]
) -> None:
    seconds = share_of(120)
    files, retries = await rolled(school, second, seconds)
    soak_result(
        "uploads: two instances restarted in turn (F24)",
        f"{seconds} s: {files:,} files by clients that repeat with their key, each exactly once, "
        f"{retries} repeats",
    )


@needs_prlimit
async def test_without_file_descriptors_it_survives_and_recovers(school: School) -> None:
    assert school.server.process
    (worker,) = workers_of(school.server.process.pid)
    learner = await school.learner()
    await school.hand_in_at_last(learner, TEXT, "before")
    limit = ["prlimit", "--pid", str(worker)]
    subprocess.run([*limit, "--nofile=64:16384"], check=True)
    crowd = [await connection_to(school) for _ in range(120)]
    with suppress(TimeoutError):  # nobody is there to take the call
        async with asyncio.timeout(3):
            answer = await school.hand_in(learner, TEXT, "during")
            assert answer is None or answer.status_code in (200, 503)
    for writer in crowd:
        writer.close()
        await writer.wait_closed()
    await school.until_healthy()
    await school.hand_in_at_last(learner, TEXT, "during")
    assert workers_of(school.server.process.pid) == [worker]
    await school.settle()
    assert await school.broken_rules() == []


async def connection_to(school: School) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", school.server.port)
    return writer


HEAD = "POST /api/v1/resources/users/me/resources/{resource}/upload HTTP/1.1\r\nHost: localhost\r\n"
FORM = "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n"


async def besieged(
    school: School,
    besiege: Callable[[School, Learner], Coroutine[None, None, None]],
    number: int,
    seconds: float,
) -> float:
    """Slow clients without number; returns how long /health took at worst."""
    learner = await school.learner()
    siege = [asyncio.create_task(besiege(school, learner)) for _ in range(number)]
    worst, end = 0.0, time.monotonic() + seconds
    async with httpx.AsyncClient(base_url=school.server.url, timeout=30) as client:
        while time.monotonic() < end:
            started = time.monotonic()
            assert (await client.get("/health")).status_code == 200
            worst = max(worst, time.monotonic() - started)
            await asyncio.sleep(0.05)
        submission = await school.hand_in_at_last(await school.learner(), TEXT, uuid4().hex)
        assert submission
    for client_task in siege:
        client_task.cancel()
    await asyncio.gather(*siege, return_exceptions=True)
    return worst


async def slow_head(school: School, learner: Learner) -> None:
    """One byte of a header every second, for ever."""
    await _drip(school, HEAD.format(resource=school.exercise))


async def slow_body(school: School, learner: Learner) -> None:
    """One byte of a body every second."""
    authorization = f"Authorization: {learner.headers['Authorization']}\r\n\r\n"
    await _drip(school, HEAD.format(resource=school.exercise) + FORM + authorization)


async def _drip(school: School, head: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", school.server.port)
    try:
        with suppress(ConnectionError):
            writer.write(head.encode())
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(1)
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


SIEGES = {"heads": slow_head, "bodies": slow_body}


@pytest.mark.parametrize("siege", SIEGES)
async def test_slow_clients_without_number_shut_nobody_out(school: School, siege: str) -> None:
    await besieged(school, SIEGES[siege], 25, 0.5)


@pytest.mark.soak
@pytest.mark.parametrize("siege", SIEGES)
async def test_five_hundred_slow_clients(
    school: School, siege: str, soak_result: Callable[[str, str], None]
) -> None:
    number = share_of(500)
    worst = await besieged(school, SIEGES[siege], number, 30.0)
    soak_result(
        f"uploads: slow {siege}, a byte a second (F25)",
        f"{number} connections for 30 s: /health always 200, at worst after {1000 * worst:.0f} ms; "
        "files came in meanwhile",
    )


@pytest.mark.soak
async def test_twenty_large_uploads_at_once_hold_little_memory(
    school: School, soak_result: Callable[[str, str], None]
) -> None:
    number = 20
    learners = [await school.learner() for _ in range(number)]
    content = text(50)
    assert await school.hand_in_at_last(learners[0], TEXT, "warm")
    memory = Classroom(school.server, "", "", "").memory
    before = highest = memory()
    uploads = [
        asyncio.create_task(school.hand_in(learner, content, uuid4().hex)) for learner in learners
    ]
    while not all(upload.done() for upload in uploads):
        highest = max(highest, await asyncio.to_thread(memory))
        await asyncio.sleep(0.02)
    assert len(await acknowledged(await asyncio.gather(*uploads))) == number
    each = (highest - before) / number / MEBIBYTE
    soak_result(
        "uploads: memory of twenty at once, 50 MB each (F22)",
        f"{each:.2f} MiB for each, all taken",
    )
    assert each < 2
