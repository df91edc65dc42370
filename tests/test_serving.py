"""`aibc serve` as a person meets it: starting, starting again, being stopped and being killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from aibc.database.pool import Database
from aibc.serving import _fit_pools
from aibc.settings import load_settings
from fixtures.server import LiveServer, free_port, real_settings

DEMO_EMAILS = ("learner@example.com", "instructor@example.com", "admin@example.com")
DEMO_PASSWORD = "Bootcamp-2026!"

MakeServer = Callable[..., LiveServer]


def family(server: LiveServer) -> list[psutil.Process]:
    """The service's process and all that stem from it."""
    assert server.process
    process = psutil.Process(server.process.pid)
    return [process, *process.children(recursive=True)]


def all_gone(processes: list[psutil.Process], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def sign_in(server: LiveServer, email: str) -> httpx.Response:
    form = {"username": email, "password": DEMO_PASSWORD}
    return httpx.post(f"{server.url}/api/v1/auth/login", data=form, timeout=10.0)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A service with the embedded database, for tests that leave it as it is."""
    server = LiveServer(tmp_path_factory.mktemp("running"), {}).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a service that was started once has left."""
    server = LiveServer(tmp_path_factory.mktemp("furnished"), {}).start()
    server.stop()
    return server.data_directory


@pytest.fixture
def make_furnished(make_server: MakeServer, furnished: Path) -> MakeServer:
    """Make services that were started before, each with a copy of the data."""

    def make(**settings: str) -> LiveServer:
        server = make_server(**settings)
        shutil.copytree(furnished, server.data_directory, ignore=shutil.ignore_patterns("socket"))
        return server

    return make


def test_a_first_start_says_where_it_serves_and_who_can_sign_in(running: LiveServer) -> None:
    address = f"http://localhost:{running.port}"
    assert address in running.output
    assert f"{address}/docs" in running.output
    for email in DEMO_EMAILS:
        assert f"{email}  {DEMO_PASSWORD}" in running.output
        assert sign_in(running, email).status_code == 200


def test_a_second_start_says_where_the_first_one_runs(running: LiveServer) -> None:
    assert running.process
    second = running.run("serve", PORT=str(free_port()))
    said = f"AIBC already runs at http://localhost:{running.port} (process {running.process.pid})"
    assert said in second.stdout
    assert second.returncode == 0
    assert running.is_healthy()


def test_a_command_uses_the_running_services_database(running: LiveServer) -> None:
    listed = running.run("user", "list")
    assert "admin@example.com" in listed.stdout
    assert listed.returncode == 0


def test_a_command_starts_the_embedded_database_for_itself(make_server: MakeServer) -> None:
    server = make_server()
    first = server.run("migrate")
    assert "Applied 000_base" in first.stdout
    again = server.run("migrate")
    assert again.stdout == "Nothing to apply.\n"
    assert not (server.data_directory / "postgres" / "postmaster.pid").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_service_and_leaves_nothing_behind(
    make_furnished: MakeServer, number: signal.Signals
) -> None:
    server = make_furnished(WORKERS="2").start()
    processes = family(server)
    assert len(processes) > 3
    started = time.monotonic()
    assert server.stop(number) == 0, server.output
    assert time.monotonic() - started < 10
    assert all_gone(processes, seconds=0.5)
    assert not (server.data_directory / "postgres" / "postmaster.pid").exists()
    assert "rror" not in server.output


def test_ctrl_c_in_a_terminal_reaches_all_processes_and_ends_them_quietly(
    make_furnished: MakeServer,
) -> None:
    server = make_furnished(WORKERS="2").start()
    assert server.process
    processes = family(server)
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(10) == 0
    assert all_gone(processes, seconds=0.5)
    assert "rror" not in server.output


def test_a_killed_service_leaves_nothing_and_starts_again(
    make_furnished: MakeServer,
) -> None:
    embedded = make_furnished().start()
    processes = family(embedded)
    embedded.stop(signal.SIGKILL)
    embedded.start()
    assert all_gone(processes)
    assert sign_in(embedded, DEMO_EMAILS[0]).status_code == 200
    assert embedded.stop() == 0


def test_a_killed_worker_is_replaced(make_furnished: MakeServer) -> None:
    embedded = make_furnished().start()
    workers = [p for p in family(embedded)[1:] if "postgres" not in p.name()]
    assert len(workers) == 1
    workers[0].kill()
    deadline = time.monotonic() + 20
    while not embedded.is_healthy():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_request_under_way_is_finished_before_the_end(make_furnished: MakeServer) -> None:
    embedded = make_furnished().start()
    """The head has arrived, the body has not, when the signal comes."""
    body = b"username=learner%40example.com&password=Bootcamp-2026%21"
    head = (
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    assert embedded.process
    with socket.create_connection(("127.0.0.1", embedded.port)) as connection:
        connection.sendall(head.encode() + body[:10])
        time.sleep(0.3)
        embedded.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        connection.sendall(body[10:])
        connection.settimeout(10)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert embedded.process.wait(10) == 0


def test_demo_accounts_keep_the_service_on_this_machine(make_furnished: MakeServer) -> None:
    server = make_furnished()
    refused = server.run("serve", HOST="0.0.0.0")
    assert refused.returncode == 1
    assert "serves on 127.0.0.1 alone, not on 0.0.0.0" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_service_open_to_others_gets_no_demo_accounts(make_server: MakeServer) -> None:
    server = make_server(HOST="0.0.0.0").start()
    assert DEMO_PASSWORD not in server.output
    # The address that is printed answers: nobody is called 0.0.0.0.
    assert server.output.startswith(f"AIBC serves on http://localhost:{server.port}\n")
    assert [sign_in(server, email).status_code for email in DEMO_EMAILS] == [401] * 3


def test_a_port_in_use_is_one_sentence(make_server: MakeServer) -> None:
    server = make_server()
    with socket.create_server(("127.0.0.1", server.port)):
        refused = server.run("serve")
    assert refused.stderr == (
        f"aibc: Port {server.port} is taken by another program: set PORT to a free one.\n"
    )
    assert refused.returncode == 1


def test_another_versions_database_is_one_sentence(make_server: MakeServer) -> None:
    server = make_server()
    cluster = server.data_directory / "postgres"
    (cluster / "global").mkdir(parents=True)
    (cluster / "global" / "pg_control").touch()
    (cluster / "PG_VERSION").write_text("9\n")
    refused = server.run("serve")
    assert "was made by PostgreSQL 9" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert refused.returncode == 1


def test_one_port_speaks_http_1_and_http_2_in_clear_text(running: LiveServer) -> None:
    for versions, spoken in (({"http1": True}, "HTTP/1.1"), ({"http2": True}, "HTTP/2")):
        options: dict[str, Any] = {"http1": False, "http2": False, **versions}
        with httpx.Client(**options) as client:
            assert client.get(f"{running.url}/health").http_version == spoken


async def test_an_operators_database_is_migrated_and_given_nothing_else(
    make_server: MakeServer, empty_database_url: str
) -> None:
    server = make_server(**real_settings(empty_database_url))
    await asyncio.to_thread(server.start)
    assert DEMO_PASSWORD not in server.output
    answer = await asyncio.to_thread(sign_in, server, DEMO_EMAILS[0])
    assert answer.status_code == 401
    assert not (server.data_directory / "postgres").exists()


def test_migrations_can_be_left_to_the_operator(
    make_server: MakeServer, empty_database_url: str
) -> None:
    settings = {**real_settings(empty_database_url), "MIGRATE_ON_START": "false"}
    refused = make_server(**settings).run("serve")
    assert refused.returncode == 1
    assert "`aibc migrate`" in refused.stderr


def test_no_secret_is_readable_by_others(running: LiveServer) -> None:
    secrets = list((running.data_directory / "secrets").iterdir())
    assert len(secrets) == 3
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    assert running.data_directory.stat().st_mode & 0o777 == 0o700


def test_the_command_line_explains_itself(make_server: MakeServer) -> None:
    server = make_server()
    helped = server.run("--help")
    assert all(word in helped.stdout for word in ("serve", "migrate", "user"))
    assert server.run("--version").stdout.startswith("aibc ")
    assert isinstance(helped, subprocess.CompletedProcess)


@pytest.mark.parametrize(("given", "size"), [("", 2), ("4", 4)])
def test_pools_leave_room_in_a_database_of_few_connections(
    postgres_server: str, given: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def few(_: Database) -> int:
        return 9

    monkeypatch.setattr(Database, "room", few)
    monkeypatch.setenv("DATABASE_POOL_SIZE", given)
    for name, value in real_settings(postgres_server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WORKERS", "4")

    async def fit() -> None:
        database = await Database.open(load_settings().database)
        await _fit_pools(database, load_settings())
        await database.close()

    asyncio.run(fit())
    assert load_settings().database.pool_size == size


async def test_half_of_what_the_server_gives_is_room(
    database: Database, connection: asyncpg.Connection[asyncpg.Record]
) -> None:
    given = int(await connection.fetchval("SHOW max_connections"))
    reserved = int(await connection.fetchval("SHOW superuser_reserved_connections"))
    assert await database.room() == (given - reserved) // 2
