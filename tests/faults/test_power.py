"""The power fails while files come in: what was acknowledged is on the disk (F20)."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from aibc.database.embedded import EmbeddedServer
from aibc.database.migrate import migrate
from faults.power import Disk, a_disk, needs_power_cut
from faults.school import School, open_school
from faults.share import share_of
from faults.test_database import Load
from faults.test_disk import text
from fixtures.server import LiveServer, real_settings
from submissions.waiting import until

pytestmark = needs_power_cut


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with a_disk(tmp_path, "1g") as disk:
        yield disk


class Machine:
    """A service and its PostgreSQL, both on one disk."""

    def __init__(self, disk: Disk, server: LiveServer, cluster: Path) -> None:
        self.disk = disk
        self.server = server
        database = disk.directory / "database"
        shutil.copytree(cluster, database, ignore=shutil.ignore_patterns("socket*"))
        os.sync()
        self.postgres = EmbeddedServer(database)
        server.set(STORAGE_DIR=str(disk.directory / "storage"))

    async def switch_on(self) -> None:
        await asyncio.to_thread(self.postgres.start)
        await migrate(self.postgres.url)
        self.server.set(DATABASE_URL=self.postgres.url)
        await asyncio.to_thread(self.server.start)

    async def cut_power(self) -> None:
        """The disk first; who still runs then finds nothing there, and is ended."""
        unwritten = self.disk.directory / "unwritten"
        unwritten.write_bytes(text(1))
        self.disk.cut()
        assert self.server.process
        self.server.process.kill()
        self.server.process.wait()
        stopping = asyncio.create_task(asyncio.to_thread(self.postgres.stop))
        while not stopping.done():
            if process_id := self.postgres.process_id:
                with suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)
            await asyncio.sleep(0.05)
        await stopping
        await asyncio.to_thread(self.disk.mount_again)
        kept = unwritten.read_bytes() if unwritten.exists() else b""
        assert kept != text(1), "this disk forgets nothing, so it shows nothing"
        unwritten.unlink(missing_ok=True)


async def cut_off(machine: Machine, settings: dict[str, str], rounds: int) -> int:
    """Cut the power so often while files come in; returns how many were acknowledged."""
    await machine.switch_on()
    school = await open_school(machine.server, settings, machine.postgres.url)
    school.storage_directory = machine.disk.directory / "storage"
    kept: set[UUID] = set()
    for _ in range(rounds):
        load = Load(school)
        hands = [asyncio.create_task(load.run()) for _ in range(3)]

        async def begun(load: Load = load) -> bool:
            return bool(load.kept)

        await until(begun, 60)
        await asyncio.sleep(random.uniform(0, 0.5))
        await machine.cut_power()
        load.is_over = True
        await asyncio.gather(*hands)
        kept |= set(load.kept)

        await machine.switch_on()
        school.database_url = machine.postgres.url
        await assert_all_there(school, kept)
    machine.server.stop()
    await asyncio.to_thread(machine.postgres.stop)
    return len(kept)


async def assert_all_there(school: School, kept: set[UUID]) -> None:
    rows = await school.query("SELECT id FROM resource_submissions")
    assert not kept - {UUID(str(row["id"])) for row in rows}, "acknowledged and gone"
    await school.settle()
    assert await school.broken_rules() == []


@pytest.fixture
def machine(
    disk: Disk, make_server: Callable[..., LiveServer], cluster_template: Path
) -> Iterator[Machine]:
    machine = Machine(disk, make_server(**real_settings("")), cluster_template)
    yield machine
    machine.postgres.stop()


def settings_of(machine: Machine) -> dict[str, str]:
    return {name: machine.server.setting(name) for name in real_settings("")}


async def test_after_a_power_cut_all_that_was_acknowledged_is_there(machine: Machine) -> None:
    assert await cut_off(machine, settings_of(machine), 2) >= 2


@pytest.mark.soak
async def test_fifty_power_cuts(machine: Machine, soak_result: Callable[[str, str], None]) -> None:
    rounds = share_of(50)
    kept = await cut_off(machine, settings_of(machine), rounds)
    soak_result(
        "uploads: power cut under service and database (F20)",
        f"{rounds} times: {kept:,} files acknowledged, all there with all their bytes; what was "
        "not written through was gone each time",
    )
