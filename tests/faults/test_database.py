"""The database is killed, restarted, cut off, slow or full up while files come in (F03 to F10)."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from aibc.database.commands import command_database
from aibc.database.embedded import EmbeddedServer
from aibc.database.errors import DatabaseUnavailable
from aibc.database.migrate import migrate
from aibc.database.pool import Database
from aibc.settings import load_settings
from faults.proxy import before_database
from faults.school import TEXT, Learner, School, open_school
from faults.share import share_of
from fixtures.server import LiveServer, real_settings
from submissions.calls import API

# Fast, immediate, and not even that.
RESTARTS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
FORM_FIELDS = {"file": ("work.txt", TEXT, "text/plain")}

# What the test's own connections say when the server dies under them.
DATABASE_IS_GONE = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


@dataclass
class Load:
    """Learners who hand in one file after another, and what they were told."""

    school: School
    kept: list[UUID] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    is_over: bool = False

    async def run(self) -> None:
        while not self.is_over:
            with suppress(*DATABASE_IS_GONE):
                learner = await self.school.learner()
                await self._hand_in(learner)
            await asyncio.sleep(0.02)

    async def _hand_in(self, learner: Learner) -> None:
        started = time.monotonic()
        answer = await self.school.hand_in(learner, TEXT, uuid4().hex)
        self.slowest = max(self.slowest, time.monotonic() - started)
        if answer is None:  # refused before the body, which was still on its way
            self.statuses[0] += 1
            return
        self.statuses[answer.status_code] += 1
        if answer.status_code == 200:
            self.kept.append(UUID(answer.json()["submission_id"]))
        else:
            assert answer.status_code == 503, self.school.server.output
            assert int(answer.headers["retry-after"]) > 0


async def under_load(school: School, fault: Callable[[], Awaitable[None]]) -> Load:
    """Let files come in during the fault; then all that was acknowledged has to be there."""
    load = Load(school)
    hands = [asyncio.create_task(load.run()) for _ in range(3)]
    await asyncio.sleep(0.3)
    await fault()
    await until_it_works(school)
    load.is_over = True
    await asyncio.gather(*hands)
    rows = await school.query("SELECT id FROM resource_submissions")
    missing = set(load.kept) - {UUID(str(row["id"])) for row in rows}
    assert not missing, "acknowledged and gone"
    assert load.kept
    await school.settle()
    assert await school.broken_rules() == []
    return load


async def until_it_works(school: School, seconds: float = 60.0) -> float:
    """Wait until a file is taken; returns how long that took."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        with suppress(*DATABASE_IS_GONE):
            answer = await school.hand_in(await school.learner(), TEXT, uuid4().hex)
            if answer is not None and answer.status_code == 200:
                return time.monotonic() - started
        await asyncio.sleep(0.05)
    raise AssertionError(school.server.output)


class TestAServerOfItsOwn:
    """One PostgreSQL for each test, because it is killed."""

    @pytest.fixture
    async def school(
        self, made_directory: Path, make_server: Callable[..., LiveServer]
    ) -> AsyncIterator[School]:
        with EmbeddedServer(made_directory) as postgres:
            self.postgres = postgres
            await migrate(postgres.url)
            settings = real_settings(postgres.url)
            yield await open_school(make_server(**settings).start(), settings)

    async def backend_of_the_service(self, school: School) -> None:
        rows = await school.query(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'aibc' LIMIT 1"
        )
        for row in rows:
            with suppress(ProcessLookupError):
                os.kill(row["pid"], signal.SIGKILL)

    async def signal_postgres(self, number: signal.Signals) -> None:
        process_id = self.postgres.process_id
        if process_id:
            os.kill(process_id, number)

    async def strike(self, school: School, rounds: int) -> Load:
        async def fault() -> None:
            for number in range(rounds):
                kind = number % 4
                if kind == 0:
                    await self.backend_of_the_service(school)
                else:
                    # fast, immediate, and not even that
                    await self.signal_postgres(
                        (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)[kind - 1]
                    )
                await until_it_works(school)

        return await under_load(school, fault)

    async def test_killed_or_restarted_it_comes_back_and_nothing_acknowledged_is_lost(
        self, school: School
    ) -> None:
        await self.strike(school, 4)

    @pytest.mark.soak
    async def test_an_hour_of_restarts_in_minutes(
        self, school: School, soak_result: Callable[[str, str], None]
    ) -> None:
        rounds = share_of(80)
        load = await self.strike(school, rounds)
        soak_result(
            "uploads: database killed and restarted (F03, F04, F05)",
            f"{rounds} times (backend, fast, immediate, postmaster): {len(load.kept):,} files "
            f"acknowledged and kept, {load.statuses[503]:,} answered 503, {load.statuses[0]:,} cut "
            "with their body on its way, no other error",
        )

    async def test_without_a_free_connection_it_says_so_and_recovers(self, school: School) -> None:
        await self.starved_of_connections(school)

    @pytest.mark.soak
    async def test_without_a_free_connection_it_recovers_within_a_second(
        self, school: School, soak_result: Callable[[str, str], None]
    ) -> None:
        rounds = share_of(20)
        slowest = max([await self.starved_of_connections(school) for _ in range(rounds)])
        soak_result(
            "uploads: no connection free in the database (F09)",
            f"{rounds} times: answered 503, /health 200; files came in again at most "
            f"{slowest:.2f} s after one was free",
        )
        assert slowest < 1

    async def starved_of_connections(self, school: School) -> float:
        """The test takes them all; returns how long after their end a file is taken again."""
        await school.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aibc'"
        )
        taken: list[asyncpg.Connection[asyncpg.Record]] = []
        learner = await school.learner()
        with suppress(asyncpg.TooManyConnectionsError):
            while len(taken) < 500:
                taken.append(await asyncpg.connect(self.postgres.url))
        for _ in range(20):
            if answer := await school.hand_in(learner, TEXT, uuid4().hex):
                break  # refused after the body, and not while it was still on its way
        assert answer is not None
        assert answer.status_code == 503
        assert await asyncio.to_thread(school.server.is_healthy)
        for connection in taken:
            connection.terminate()
        return await until_it_works(school)


class TestBehindAProxy:
    async def test_cut_off_it_answers_503_in_time_and_works_again_at_once(
        self, make_server: Callable[..., LiveServer], database_url: str
    ) -> None:
        await cut_off(make_server, database_url, seconds=2.0)

    @pytest.mark.soak
    async def test_cut_off_for_half_a_minute(
        self,
        make_server: Callable[..., LiveServer],
        database_url: str,
        soak_result: Callable[[str, str], None],
    ) -> None:
        slowest, recovery = await cut_off(make_server, database_url, seconds=30.0)
        soak_result(
            "uploads: database unreachable for 30 s (F06)",
            f"every answer 503, the slowest after {slowest:.1f} s; back {recovery:.1f} s after",
        )

    async def test_on_a_slow_line_a_command_is_more_patient_than_a_request(
        self, database_url: str
    ) -> None:
        statement = "SELECT 7 FROM pg_sleep(1.2)"
        with before_database(database_url) as (proxy, through):
            settings = load_settings(real_settings(through))
            requests = await Database.open(settings.database)
            async with command_database(settings) as commands:
                for database in (requests, commands):
                    assert await database.fetch_value("SELECT 1") == 1
                proxy.delay = 1.0
                with pytest.raises(DatabaseUnavailable):
                    await requests.fetch_value(statement)
                assert await commands.fetch_value(statement) == 7
            await requests.close()

    async def test_slow_it_is_waited_for_within_bounds(
        self, make_server: Callable[..., LiveServer], database_url: str
    ) -> None:
        await slowed_down(make_server, database_url, seconds=0.1)

    @pytest.mark.soak
    async def test_two_seconds_for_each_packet(
        self,
        make_server: Callable[..., LiveServer],
        database_url: str,
        soak_result: Callable[[str, str], None],
    ) -> None:
        statuses = await slowed_down(make_server, database_url, seconds=2.0)
        soak_result(
            "uploads: database 2 s slow in each direction (F07)",
            f"12 at once: {dict(statuses)}; /health 200 throughout",
        )


async def slowed_down(
    make_server: Callable[..., LiveServer], database_url: str, *, seconds: float
) -> Counter[int]:
    """Twelve uploads over a slow line to the database; returns how they were answered."""
    settings = real_settings(database_url)
    with before_database(database_url) as (proxy, through):
        server = make_server(**settings | {"DATABASE_URL": through}).start()
        school = await open_school(server, settings)
        learners = [await school.learner() for _ in range(2)]
        proxy.delay = seconds
        waiting = [
            asyncio.create_task(school.hand_in(learners[n % 2], TEXT, uuid4().hex))
            for n in range(12)
        ]
        while not all(upload.done() for upload in waiting):
            assert await asyncio.to_thread(server.is_healthy)
            await asyncio.sleep(0.2)
        statuses = Counter(
            answer.status_code for answer in await asyncio.gather(*waiting) if answer
        )
        assert statuses.total() == 12
        assert set(statuses) <= {200, 503}
        proxy.calm()
        await until_it_works(school)
        await school.settle()
        assert await school.broken_rules() == []
        return statuses


async def cut_off(
    make_server: Callable[..., LiveServer], database_url: str, *, seconds: float
) -> tuple[float, float]:
    """A network that swallows everything: returns the slowest answer, and the time to recover."""
    settings = real_settings(database_url)
    with before_database(database_url) as (proxy, through):
        server = make_server(**settings | {"DATABASE_URL": through}).start()
        school = await open_school(server, settings)
        learner = await school.learner()
        proxy.is_silent = True
        slowest, end = 0.0, time.monotonic() + seconds
        while time.monotonic() < end:
            started = time.monotonic()
            answer = await school.hand_in(learner, TEXT, uuid4().hex)
            slowest = max(slowest, time.monotonic() - started)
            assert answer is not None
            assert answer.status_code == 503, answer.text
            assert await asyncio.to_thread(server.is_healthy)
        proxy.calm()
        proxy.reset_all()  # what was swallowed is gone: the primary is another one
        recovery = await until_it_works(school)
        await school.settle()
        assert await school.broken_rules() == []
    return slowest, recovery


async def beside_stalled_uploads(
    make_server: Callable[..., LiveServer], database_url: str, reads: int
) -> list[float]:
    """What reads took, sorted, beside eight stalled uploads for each connection of the pool."""
    settings = real_settings(database_url) | {"DATABASE_POOL_SIZE": "2"}
    school = await open_school(make_server(**settings).start(), settings)
    learners = [await school.learner() for _ in range(4)]
    uploads = [asyncio.create_task(stalled(school, learners[n % 4])) for n in range(16)]
    await asyncio.sleep(0.5)
    took: list[float] = []
    async with school.client(learners[0]) as client:
        for _ in range(reads):
            started = time.monotonic()
            answer = await client.get(f"{API}/users/me/resources/{school.exercise}/submissions")
            took.append(time.monotonic() - started)
            assert answer.status_code == 200
    assert not any(upload.done() for upload in uploads)
    for upload in uploads:
        upload.cancel()
    await asyncio.gather(*uploads, return_exceptions=True)
    return sorted(took)


async def test_slow_uploads_hold_no_connection_that_others_need(
    make_server: Callable[..., LiveServer], database_url: str
) -> None:
    await beside_stalled_uploads(make_server, database_url, 20)


@pytest.mark.soak
async def test_beside_slow_uploads_reads_are_as_fast_as_ever(
    make_server: Callable[..., LiveServer],
    database_url: str,
    soak_result: Callable[[str, str], None],
) -> None:
    took = await beside_stalled_uploads(make_server, database_url, share_of(2000))
    slow = took[int(len(took) * 0.99)]
    soak_result(
        "uploads: 16 stalled over a pool of two (F08)",
        f"{len(took):,} reads meanwhile, all 200: p50 {1000 * took[len(took) // 2]:.0f} ms, p99 "
        f"{1000 * slow:.0f} ms",
    )
    assert slow < 0.1


async def stalled(school: School, learner: Learner) -> None:
    """An upload of which half a form arrives."""
    request = httpx.Request("POST", "http://x", files=FORM_FIELDS)
    body = request.read()

    async def half() -> object:
        yield body[: len(body) // 2]
        await asyncio.sleep(60)

    async with school.client(learner) as client:
        await client.post(
            f"{API}/users/me/resources/{school.exercise}/upload",
            content=half(),  # type: ignore[arg-type]
            headers={"Content-Type": request.headers["content-type"]},
        )


async def test_clients_that_go_away_leave_no_connection_behind(
    make_server: Callable[..., LiveServer], database_url: str
) -> None:
    settings = real_settings(database_url) | {"DATABASE_POOL_SIZE": "3"}
    school = await open_school(make_server(**settings).start(), settings)
    learner = await school.learner()
    for number in range(60):
        call = asyncio.create_task(
            stalled(school, learner) if number % 2 else school.hand_in(learner, TEXT, uuid4().hex)
        )
        await asyncio.sleep(0.002 * (number % 5))
        call.cancel()
        with suppress(asyncio.CancelledError, httpx.HTTPError):
            await call
    await until_it_works(school)
    (row,) = await school.query(
        "SELECT count(*) AS open, count(*) FILTER (WHERE state <> 'idle') AS busy"
        " FROM pg_stat_activity WHERE application_name = 'aibc' AND datname = current_database()"
    )
    assert row["open"] <= 3
    assert row["busy"] == 0
    await school.settle()
    assert await school.broken_rules() == []
