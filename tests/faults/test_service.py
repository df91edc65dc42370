"""The service is stopped, starved or besieged while files come in (F21 to F25)."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
import psutil
import pytest

from faults.memory import memory_of_each
from faults.school import TEXT, Learner, School, open_school
from faults.share import share_of
from faults.test_disk import downloaded, text
from faults.tools import needs_prlimit, workers_of
from fixtures.server import LiveServer, real_settings
from submissions.calls import API, stored_files
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
PART = '--b\r\nContent-Disposition: form-data; name="file"; filename="work.txt"\r\n\r\n'
LARGE = 20  # MB: more than a system takes for a reader who does not read

Drip = Callable[["Siege", socket.socket], Coroutine[None, None, None]]


@dataclass
class Siege:
    """Slow clients without number, and how everybody else fares until they are closed."""

    school: School
    besiegers: list[Learner]  # each uploads once: limits are not what is shown here
    link: str  # to a large file
    ports: set[int] = field(default_factory=set)
    health: list[float] = field(default_factory=list)

    async def besiege(self, drip: Drip, comes_after: float) -> None:
        """One slow client, until the other side closes or for ever."""
        await asyncio.sleep(comes_after)
        with socket.socket() as client:
            client.setblocking(False)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, ("127.0.0.1", self.school.server.port))
            self.ports.add(client.getsockname()[1])
            with suppress(ConnectionError):
                await drip(self, client)

    def standing(self) -> int:
        """How many of the slow connections the service still has."""
        assert self.school.server.process
        there = 0
        for worker in workers_of(self.school.server.process.pid):
            found = psutil.Process(worker).net_connections("tcp")
            there += sum(
                bool(one.raddr) and one.raddr.port in self.ports and one.status == "ESTABLISHED"
                for one in found
            )
        return there

    async def ask_after_health(self, client: httpx.AsyncClient) -> None:
        started = time.monotonic()
        assert (await client.get("/health")).status_code == 200
        self.health.append(time.monotonic() - started)
        await asyncio.sleep(0.05)


async def slow_head(siege: Siege, client: socket.socket) -> None:
    """One byte of a header every five seconds, for ever."""
    await _drip(client, HEAD.format(resource=siege.school.exercise))


async def slow_body(siege: Siege, client: socket.socket) -> None:
    """One byte of a body every five seconds."""
    authorization = f"Authorization: {siege.besiegers.pop().headers['Authorization']}\r\n\r\n"
    head = HEAD.format(resource=siege.school.exercise) + FORM + authorization
    await _drip(client, head + PART)


async def _drip(client: socket.socket, head: str) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, head.encode())
    while True:
        await loop.sock_sendall(client, b"x")
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while await loop.sock_recv(client, 1024):
                    pass
                return


async def slow_reader(siege: Siege, client: socket.socket) -> None:
    """A file of many megabytes, of which a byte is read every five seconds."""
    loop = asyncio.get_running_loop()
    head = f"GET {siege.link} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    await loop.sock_sendall(client, head.encode())
    while await loop.sock_recv(client, 1):  # noqa: ASYNC110 - slowness is the point
        await asyncio.sleep(5)


async def besieged(
    school: School, drips: dict[Drip, int], *, closed_within: float
) -> tuple[list[float], float]:
    """What `/health` took, sorted, and how long after the last slow client came all were closed."""
    learner = await school.learner()
    large = await school.hand_in_at_last(learner, text(LARGE), "large")
    small = str(await school.hand_in_at_last(learner, TEXT, "small"))
    async with school.client(learner) as client:
        answer = await client.get(f"{API}/users/me/submissions/download/{large}")
        link = answer.json()["signed_url"].removeprefix(school.server.settings.server.public_url)
        besiegers = [await school.learner() for _ in range(drips.get(slow_body, 0))]
        siege = Siege(school, besiegers, link)
        crowd = [
            asyncio.create_task(siege.besiege(drip, number * 0.02))
            for drip, of_them in drips.items()
            for number in range(of_them)
        ]
        while len(siege.ports) < len(crowd):
            await siege.ask_after_health(client)
        begun = time.monotonic()  # the last of them has just come
        assert await downloaded(school, learner, small) == TEXT
        await school.hand_in_at_last(await school.learner(), TEXT, "meanwhile")
        assert siege.standing() > 0
        while siege.standing():
            assert time.monotonic() - begun < closed_within, f"{siege.standing()} are still there"
            for _ in range(10):
                await siege.ask_after_health(client)
        seconds = time.monotonic() - begun
    for task in crowd:
        task.cancel()
    for ended in await asyncio.gather(*crowd, return_exceptions=True):
        assert ended is None or isinstance(ended, asyncio.CancelledError), ended
    return sorted(siege.health), seconds


async def test_slow_clients_without_number_shut_nobody_out_and_are_closed(school: School) -> None:
    slow: dict[Drip, int] = {slow_head: 25, slow_body: 25, slow_reader: 50}
    await besieged(school, slow, closed_within=90)


SIEGES = {"heads": slow_head, "bodies": slow_body, "readers of a download": slow_reader}


@pytest.mark.soak
@pytest.mark.parametrize("kind", SIEGES)
async def test_a_thousand_slow_clients(
    school: School, kind: str, soak_result: Callable[[str, str], None]
) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    number = share_of(1000)
    health, seconds = await besieged(school, {SIEGES[kind]: number}, closed_within=90)
    usually = health[int(len(health) * 0.99)]
    soak_result(
        f"uploads: slow {kind} (F25)",
        f"{number:,} connections, all closed {seconds:.0f} s after the last had come; /health "
        f"always 200, p99 {1000 * usually:.0f} ms; files came in and went out meanwhile",
    )
    assert seconds < 30
    assert usually < 0.1


@pytest.mark.soak
async def test_twenty_large_uploads_at_once_hold_little_memory(
    school: School, soak_result: Callable[[str, str], None]
) -> None:
    each = await memory_of_each(school, 20, text(50))
    soak_result(
        "uploads: memory of twenty at once, 50 MB each (F22)",
        f"{each:.2f} MiB for each, all taken",
    )
    assert each < 2
