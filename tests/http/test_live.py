"""What only a real server process on a real socket can show."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import suppress
from uuid import uuid4

import httpx
import pytest

from fixtures.people import log_in, sign_up, tokens_of
from fixtures.problems import assert_problem
from fixtures.server import LiveServer

MEBIBYTE = 1024 * 1024


def new_email() -> str:
    return f"{uuid4().hex}@example.com"


class Wire:
    """A bare connection to the service."""

    def __init__(self, server: LiveServer) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=15)
        self.sent = 0

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.sent += len(data)

    def send_much(self, data: bytes, times: int) -> None:
        """Send until the service has had enough."""
        with suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(times):
                self.send(data)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        file = self.socket.makefile("rb")
        status = int(file.readline().split()[1])
        headers = {}
        while line := file.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return status, headers, file.read(int(headers.get("content-length", "0")))


def request(method: str, path: str, *headers: str, host: str = "localhost") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_a_chunked_body_is_refused_at_the_limit(live_server: LiveServer) -> None:
    with Wire(live_server) as wire:
        wire.send(
            request(
                "POST",
                "/api/v1/auth/signup",
                "Content-Type: application/json",
                "Transfer-Encoding: chunked",
            )
        )
        wire.send_much(chunk(b"x" * 65_536), 17)
        status, headers, body = wire.answer()
    assert status == 413
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(body)["code"] == "body_too_large"


def test_an_announced_excess_is_refused_before_the_body_is_sent(live_server: LiveServer) -> None:
    with Wire(live_server) as wire:
        wire.send(request("POST", "/api/v1/auth/login", "Content-Length: 400000000"))
        status, _, body = wire.answer()
    assert status == 413
    assert json.loads(body)["code"] == "body_too_large"


def test_a_body_shorter_than_announced_is_no_sign_in(live_server: LiveServer) -> None:
    with Wire(live_server) as wire:
        wire.send(
            request(
                "POST",
                "/api/v1/auth/login",
                "Content-Type: application/x-www-form-urlencoded",
                "Content-Length: 1000",
            )
        )
        wire.send(b"username=a%40example.com&password=x")
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.socket.recv(65_536)[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 422")


def test_a_body_that_stops_arriving_is_given_up(live_server: LiveServer) -> None:
    with Wire(live_server) as wire:
        wire.send(
            request(
                "POST",
                "/api/v1/auth/signup",
                "Content-Type: application/json",
                "Content-Length: 100",
            )
        )
        wire.send(b"{")
        started = time.monotonic()
        status, headers, body = wire.answer()
    assert status == 408
    assert 8 < time.monotonic() - started < 14
    assert headers["connection"] == "close"
    assert json.loads(body)["code"] == "body_timeout"


async def test_a_signed_in_caller_gets_to_read_why_a_large_body_was_refused(
    live_server: LiveServer, api: httpx.AsyncClient
) -> None:
    email = new_email()
    await sign_up(api, email)
    token = (await tokens_of(api, email))["access_token"]
    with Wire(live_server) as wire:
        wire.send(
            request(
                "POST",
                "/api/v1/users/onboarding/complete",
                f"Authorization: Bearer {token}",
                f"Content-Length: {8 * MEBIBYTE}",
            )
        )
        wire.send_much(b"x" * MEBIBYTE, 8)
        status, _, body = wire.answer()
        assert wire.sent > 8 * MEBIBYTE
    assert status == 413
    assert json.loads(body)["detail"].endswith("takes.")


@pytest.mark.parametrize("host", ["evil.test", "localhost/admin?", "evil.test:8000"])
def test_a_foreign_host_is_refused_on_the_wire(live_server: LiveServer, host: str) -> None:
    with Wire(live_server) as wire:
        wire.send(request("GET", "/health", host=host))
        status, _, body = wire.answer()
    assert status == 400
    assert b"evil" not in body


def test_a_foreign_address_in_the_request_line_leads_nowhere(live_server: LiveServer) -> None:
    for host, expected in (("localhost", 200), ("evil.test", 400)):
        with Wire(live_server) as wire:
            wire.send(request("GET", "http://evil.test/health", host=host))
            status, headers, body = wire.answer()
        assert status == expected
        assert b"evil" not in body
        assert "evil" not in str(headers)


async def test_http_2_is_spoken_and_names_its_host(live_server: LiveServer) -> None:
    async with httpx.AsyncClient(http1=False, http2=True, base_url=live_server.url) as client:
        response = await client.get("/health")
        assert response.http_version == "HTTP/2"
        assert response.status_code == 200
        foreign = await client.get("/health", headers={"Host": "evil.test"})
        assert_problem(foreign, 400, "invalid_host")


async def test_health_answers_at_once_while_a_hundred_people_sign_in(
    api: httpx.AsyncClient, live_server: LiveServer
) -> None:
    email = new_email()
    await sign_up(api, email)
    limits = httpx.Limits(max_connections=120)
    waits = []
    async with httpx.AsyncClient(base_url=live_server.url, limits=limits, timeout=60) as crowd:
        signing_in = asyncio.gather(*(log_in(crowd, new_email()) for _ in range(100)))
        while not signing_in.done():
            started = time.monotonic()
            assert (await api.get("/health")).status_code == 200
            waits.append(time.monotonic() - started)
            await asyncio.sleep(0.02)
        answers = await signing_in
    assert {answer.status_code for answer in answers} == {401}
    assert len(waits) > 5
    assert sorted(waits)[len(waits) * 9 // 10] < 0.25


async def test_a_person_can_sign_up_in_and_out(api: httpx.AsyncClient) -> None:
    email = new_email()
    user = await sign_up(api, email)
    pair = await tokens_of(api, email)
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert (await api.get("/api/v1/users/me", headers=headers)).json() == user
    await api.post("/api/v1/auth/logout", json={"refresh_token": pair["refresh_token"]})
    assert_problem(await api.get("/api/v1/users/me", headers=headers), 401, "session_ended")
