"""The embedded PostgreSQL: starts, recovers, refuses and lets nobody else in."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from aibc.database.embedded import EmbeddedServer
from aibc.database.leftovers import is_ready
from aibc.database.programs import EmbeddedDatabaseError, find_programs
from aibc.database.sockets import LONGEST_PATH
from fixtures.embedded import ask

OWNER_SCRIPT = """
import sys, time
from pathlib import Path
from aibc.database.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), durable=False)
server.start()
print(server.process_id, server.url, flush=True)
time.sleep(600)
"""


def is_gone(process: int) -> bool:
    """Whether the process ended, be it waited for or not."""
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


async def test_a_new_directory_gets_a_durable_utf8_server_in_utc(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "data") as server:
        for name, value in {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
        }.items():
            assert await ask(server.url, f"SELECT current_setting('{name}')") == value
        assert await ask(server.url, "SELECT upper('é')") == "É"
        assert await ask(server.url, "SELECT current_database()") == "aibc"


async def test_the_server_listens_on_its_socket_alone(
    start: Callable[[], EmbeddedServer], made_directory: Path
) -> None:
    server = start()
    assert server.process_id is not None
    family = [psutil.Process(server.process_id), *psutil.Process(server.process_id).children()]
    assert [c for p in family for c in p.net_connections("inet") if c.status == "LISTEN"] == []
    assert stat.S_IMODE((made_directory / "socket").stat().st_mode) == 0o700
    assert stat.S_IMODE((made_directory / "postgres").stat().st_mode) == 0o700


async def test_what_was_committed_is_there_after_a_restart(
    start: Callable[[], EmbeddedServer],
) -> None:
    first = start()
    await ask(first.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()
    assert first.process_id is None
    assert await ask(start().url, "SELECT answer FROM kept") == 42


async def test_a_killed_server_is_started_again_under_the_same_address(
    start: Callable[[], EmbeddedServer], made_directory: Path
) -> None:
    server = start()
    killed = server.process_id
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    cluster = made_directory / "postgres"
    wait_until(
        lambda: server.process_id != killed and is_ready(cluster, server.process_id or 0),
    )
    assert await ask(server.url, "SELECT 1") == 1


async def test_the_server_stops_when_its_owner_is_killed_and_starts_again(
    start: Callable[[], EmbeddedServer], made_directory: Path
) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER_SCRIPT, str(made_directory)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert owner.stdout
    process, url = owner.stdout.readline().split()
    await ask(url, "CREATE TABLE kept AS SELECT 7 AS answer")
    owner.kill()
    owner.communicate()
    server = start()  # may meet the old one while it stops
    assert await ask(server.url, "SELECT answer FROM kept") == 7
    assert is_gone(int(process))


async def test_a_server_left_running_is_stopped_before_the_next_one(
    start: Callable[[], EmbeddedServer], made_directory: Path
) -> None:
    stray = start()
    stray._stopping.set()  # nobody watches it any more
    left = stray.process_id
    server = EmbeddedServer(made_directory, durable=False)
    with server:
        assert server.process_id != left
        assert await ask(server.url, "SELECT 1") == 1


async def test_a_stale_process_number_of_somebody_else_is_forgotten(
    start: Callable[[], EmbeddedServer], made_directory: Path
) -> None:
    lines = [
        str(os.getpid()),
        str(made_directory / "postgres"),
        "1",
        "5432",
        "/nowhere",
        "",
        "",
        "",
    ]
    (made_directory / "postgres" / "postmaster.pid").write_text("\n".join(lines))
    assert await ask(start().url, "SELECT 1") == 1


def _content(directory: Path) -> dict[str, bytes]:
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda cluster: (cluster / "PG_VERSION").write_text("12\n"), "made by PostgreSQL 12"),
        (lambda cluster: (cluster / "PG_VERSION").write_text("?"), "not a complete database"),
        (lambda cluster: (cluster / "PG_VERSION").unlink(), "not a complete database"),
        (lambda cluster: (cluster / "global/pg_control").unlink(), "not a complete database"),
    ],
)
def test_a_cluster_that_cannot_run_is_refused_and_left_as_it_is(
    made_directory: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    cluster = made_directory / "postgres"
    spoil(cluster)
    before = _content(cluster)
    with pytest.raises(EmbeddedDatabaseError, match=sentence):
        EmbeddedServer(made_directory).start()
    assert _content(cluster) == before


def test_a_server_that_cannot_start_says_why(made_directory: Path) -> None:
    control = made_directory / "postgres" / "global" / "pg_control"
    control.write_bytes(bytes(len(control.read_bytes())))
    with pytest.raises(EmbeddedDatabaseError, match=r"did not start \(.+\): see .*postgres\.log"):
        EmbeddedServer(made_directory).start()


def test_an_interrupted_making_is_begun_anew(tmp_path: Path) -> None:
    half_made = tmp_path / "data" / "postgres.new" / "global"
    half_made.mkdir(parents=True)
    (half_made / "pg_control").write_text("half")
    with EmbeddedServer(tmp_path / "data", durable=False) as server:
        assert server.process_id
    assert not (tmp_path / "data" / "postgres.new").exists()


async def test_a_path_too_long_for_a_socket_gets_a_short_closed_directory(
    made_directory: Path,
) -> None:
    deep = made_directory.parent / ("d" * LONGEST_PATH)
    made_directory.rename(deep)
    with EmbeddedServer(deep, durable=False) as server:
        short = Path((deep / "socket-directory").read_text())
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
        assert await ask(server.url, "SELECT 1") == 1
    with EmbeddedServer(deep, durable=False):
        assert not short.exists()
        last = Path((deep / "socket-directory").read_text())
    shutil.rmtree(last)


def test_a_directory_without_postgresql_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedDatabaseError, match=f"no PostgreSQL in {tmp_path}"):
        find_programs(tmp_path)


def test_a_machine_where_nobody_can_run_the_server_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aibc.database.programs._identities", list)
    with pytest.raises(EmbeddedDatabaseError, match="Run AIBC as an ordinary user"):
        find_programs()
