"""A disk that is full, broken or only slow to be sure (F16 to F20)."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from aibc.database.ownership import current_owner
from aibc.settings import MEBIBYTE
from faults.school import TEXT, Learner, School, open_school
from faults.test_database import DATABASE_IS_GONE, until_it_works
from faults.tools import (
    needs_mount,
    needs_strace,
    on_a_small_disk,
    seen_by,
    traced,
    workers_of,
)
from fixtures.problems import assert_problem
from fixtures.server import LiveServer, real_settings
from submissions.calls import API, stored_files

AIBC = (sys.executable, "-m", "aibc")


def text(mebibytes: int) -> bytes:
    return (TEXT * (mebibytes * MEBIBYTE // len(TEXT) + 1))[: mebibytes * MEBIBYTE]


@needs_mount
class TestASmallDisk:
    async def small(
        self, make_server: Callable[..., LiveServer], database_url: str, mounted: str
    ) -> School:
        settings = real_settings(database_url)
        server = make_server(**settings)
        disk = server.data_directory / mounted
        server.program = (*on_a_small_disk(disk, "24m"), *AIBC)
        server.set(TMPDIR=str(server.data_directory / "spool"))
        school = await open_school(server.start(), settings)
        assert server.process
        school.storage_directory = seen_by(server.process.pid, server.data_directory / "storage")
        return school

    async def test_full_it_is_our_fault_and_passes_without_a_restart(
        self, make_server: Callable[..., LiveServer], database_url: str
    ) -> None:
        school = await self.small(make_server, database_url, "storage")
        learner = await school.learner()
        first = await school.hand_in(learner, text(1), "first")
        assert first is not None
        assert first.status_code == 200
        filler = school.storage / "filler"
        fill(filler, leave=3 * MEBIBYTE)

        for number in range(3):
            answer = await school.hand_in(learner, text(8), f"large-{number}")
            assert answer is not None
            problem = assert_problem(answer, 503, "storage_full")
            assert "room" in problem["detail"]
        assert [file.name for file in stored_files(school.storage)].count("filler") == 1
        assert len(stored_files(school.storage)) == 2
        assert await downloaded(school, learner, first.json()["submission_id"]) == text(1)

        filler.unlink()
        answer = await school.hand_in(learner, text(8), "large-0")
        assert answer is not None
        assert answer.status_code == 200
        await school.settle()
        assert await school.broken_rules() == []

    async def test_nothing_is_spooled_where_temporary_files_lie(
        self, make_server: Callable[..., LiveServer], database_url: str
    ) -> None:
        school = await self.small(make_server, database_url, "spool")
        assert school.server.process
        spool = seen_by(school.server.process.pid, school.server.data_directory / "spool")
        fill(spool / "filler", leave=0)
        answer = await school.hand_in(await school.learner(), text(20), "large")
        assert answer is not None
        assert answer.status_code == 200


def fill(filler: Path, leave: int) -> None:
    """Take all room of a disk but so many bytes."""
    with filler.open("wb", buffering=0) as file:
        with suppress(OSError):
            while file.write(bytes(64 * 1024)):
                pass
        file.truncate(max(file.tell() - leave, 0))


async def downloaded(school: School, learner: Learner, submission: str) -> bytes:
    async with school.client(learner) as client:
        link = await client.get(f"{API}/users/me/submissions/download/{submission}")
        answer = await client.get(link.json()["signed_url"])
        assert answer.status_code == 200
        return answer.content


@needs_strace
class TestABrokenDisk:
    @pytest.fixture
    async def school(self, make_server: Callable[..., LiveServer], database_url: str) -> School:
        settings = real_settings(database_url)
        return await open_school(make_server(**settings).start(), settings)

    def workers(self, school: School) -> list[int]:
        assert school.server.process
        return workers_of(school.server.process.pid)

    @pytest.mark.parametrize("call", ["fsync", "link,linkat"])
    async def test_a_call_that_fails_fails_the_upload(
        self, school: School, tmp_path: Path, call: str
    ) -> None:
        learner = await school.learner()
        assert await school.hand_in_at_last(learner, text(1), "before")
        options = ("-e", f"inject={call}:error=EIO")
        with traced(self.workers(school), tmp_path / "calls", *options):
            answer = await school.hand_in(learner, text(1), "during")
            assert answer is not None
            assert_problem(answer, 503, "storage_unavailable")
            (waiting,) = await school.query("SELECT count(*) AS number FROM resource_submissions")
            assert waiting["number"] == 1
        answer = await school.hand_in(learner, text(1), "during")
        assert answer is not None
        assert answer.status_code == 200
        await school.settle()
        assert await school.broken_rules() == []

    async def test_a_file_is_on_the_disk_before_anybody_hears_of_it(
        self, school: School, tmp_path: Path
    ) -> None:
        learner = await school.learner()
        assert await school.hand_in_at_last(learner, text(1), "before")
        calls = tmp_path / "calls"
        with traced(
            self.workers(school), calls, "-e", "trace=write,fsync,fdatasync,link,linkat,sendto"
        ):
            assert await school.hand_in_at_last(learner, text(1), "traced")
        steps = [step for line in calls.read_text().splitlines() if (step := step_of(line))]
        assert steps[: steps.index("bytes synced")].count("bytes") >= 1
        order = [steps.index(step) for step in ("bytes synced", "name", "name synced")]
        assert order == sorted(order)
        assert "bytes" not in steps[order[0] :]


def step_of(line: str) -> str | None:
    """What a traced call does for the durability of a file."""
    if re.search(r"\bwrite\(\d+<[^>]*\.part>", line):
        return "bytes"
    if re.search(r"\bf(data)?sync\(\d+<[^>]*\.part>", line):
        return "bytes synced"
    if re.search(r"\blink(at)?\(.*\.part\"", line):
        return "name"
    if re.search(r"\bfsync\(\d+<[^>]*/resources/[^>/]*>", line):
        return "name synced"
    return None


@needs_mount
class TestADatabaseWithoutRoom:
    """The embedded PostgreSQL, its log on a small disk."""

    @pytest.fixture
    async def school(self, make_server: Callable[..., LiveServer]) -> School:
        settings = {name: value for name, value in real_settings("").items() if value}
        server = make_server(**settings).start()
        assert server.stop() == 0  # the cluster is made
        self.log = server.data_directory / "postgres" / "pg_wal"
        server.program = (*on_a_small_disk(self.log, "160m"), *AIBC)
        server.start()
        owner = current_owner(server.data_directory)
        assert owner
        return await open_school(server, settings, owner.database_url)

    async def test_full_it_is_503_and_passes_without_a_restart_of_the_service(
        self, school: School
    ) -> None:
        process = school.server.process
        assert process
        # Who signs in now: a full database takes nobody new.
        waiting = [await school.learner() for _ in range(60)]
        told = [await handed_in(school, waiting.pop()) for _ in range(3)]
        assert {one.status for one in told} == {200}

        filler = seen_by(process.pid, self.log) / "filler"
        fill(filler, leave=0)
        while sum(one.status == 503 for one in told) < 5:
            await write_log(school)
            told.append(await handed_in(school, waiting.pop()))
            assert await asyncio.to_thread(school.server.is_healthy)

        filler.unlink()
        await until_it_works(school)
        assert process.poll() is None
        for one in told:
            rows = await school.query(
                "SELECT id FROM resource_submissions WHERE user_id = $1", one.learner.user_id
            )
            if one.status == 200:
                assert len(rows) == 1, "acknowledged and gone"
            submission = await school.hand_in_at_last(one.learner, TEXT, one.key)
            assert not rows or str(rows[0]["id"]) == str(submission)
        await school.settle()
        assert await school.broken_rules() == []


@dataclass(frozen=True)
class Told:
    """How somebody's only upload was answered."""

    learner: Learner
    key: str
    status: int


async def handed_in(school: School, learner: Learner) -> Told:
    """An upload, which is taken or refused with 503 and no other way."""
    key = uuid4().hex
    answer = await school.hand_in(learner, TEXT, key)
    if answer is None:  # refused before the body, which was still on its way
        return Told(learner, key, 0)
    if answer.status_code != 200:
        assert_problem(answer, 503, "database_unavailable")
        assert int(answer.headers["retry-after"]) > 0
    return Told(learner, key, answer.status_code)


async def write_log(school: School) -> None:
    """Make the database need more room for its log, if it can still be asked to."""
    with suppress(*DATABASE_IS_GONE):
        await school.query("SELECT pg_logical_emit_message(true, 'test', repeat('x', 8000000))")
