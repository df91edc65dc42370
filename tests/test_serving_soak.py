"""Minutes of faults: what was acknowledged stays, whatever is killed."""

from __future__ import annotations

import random
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import psutil
import pytest

from fixtures.server import LiveServer

pytestmark = pytest.mark.soak

ROUNDS = 25
ANSWER_SECONDS = 20.0


def sign_up(server: LiveServer, number: int) -> bool:
    """Whether the account was acknowledged."""
    body = {
        "email": f"soak-{number}@example.com",
        "full_name": "Soak",
        "password": "Bootcamp-2026!",
    }
    try:
        answer = httpx.post(f"{server.url}/api/v1/auth/signup", json=body, timeout=10)
    except httpx.HTTPError:
        return False
    assert answer.status_code in (201, 503), answer.text
    return answer.status_code == 201


def kill_something(server: LiveServer, chance: random.Random) -> None:
    """Kill the service, one of its workers, or any process of the database."""
    assert server.process
    service = psutil.Process(server.process.pid)
    victim = chance.choice([service, *service.children(recursive=True)])
    with suppress(psutil.NoSuchProcess):  # a short-lived process of the database
        victim.kill()
    if victim == service:
        server.process.wait()
        server.start()


def wait_until_it_works(server: LiveServer) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            if httpx.get(f"{server.url}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline, server.output
        time.sleep(0.1)


def test_what_was_acknowledged_outlives_every_kill(
    make_server: Callable[..., LiveServer],
) -> None:
    seed = time.time_ns()
    chance = random.Random(seed)
    server = make_server(WORKERS="2", SIGNUPS_PER_HOUR="100000").start()
    kept = []
    for number in range(ROUNDS):
        if sign_up(server, number):
            kept.append(f"soak-{number}@example.com")
        kill_something(server, chance)
        wait_until_it_works(server)
    listed = server.run("user", "list", "--search", "soak-", "--limit", "200").stdout
    assert [email for email in kept if email not in listed] == [], f"seed {seed}"
    assert server.stop(signal.SIGTERM) == 0


def test_a_connection_that_never_asks_is_closed(make_server: Callable[..., LiveServer]) -> None:
    server = make_server().start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=40) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        started = time.monotonic()
        while connection.recv(4096):
            pass
    assert 10 < time.monotonic() - started < 30
