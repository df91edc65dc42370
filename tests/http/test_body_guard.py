"""Bodies that are too large, too slow, or not what they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from aibc.app import Application
from aibc.http.body_guard import (
    DRAIN_BYTES,
    MAX_BODY_BYTES,
    BodyDeadlines,
    BodyGuard,
    drain_refused_body,
)
from aibc.http.problems import RefusedBody
from fixtures.application import SignIn
from fixtures.catalog import MakeUser
from fixtures.faulty import add_faulty_routes
from fixtures.problems import assert_problem

PIECE = b"x" * 65_536
PATIENT = BodyDeadlines(idle_seconds=5, total_seconds=5)


class Sender:
    """A client that sends pieces of a body, pausing before each."""

    def __init__(self, pieces: int, pause: float = 0.0) -> None:
        self.left = pieces
        self.sent = 0
        self._pause = pause

    async def receive(self) -> Message:
        await asyncio.sleep(self._pause)
        self.left -= 1
        self.sent += len(PIECE)
        return {"type": "http.request", "body": PIECE, "more_body": self.left > 0}


async def read_through_guard(
    sender: Sender,
    *,
    headers: dict[str, str] | None = None,
    deadlines: BodyDeadlines = PATIENT,
    is_known: bool = False,
    streams: bool = False,
) -> int:
    """Read the sender's whole body behind the guard; how many bytes came through."""
    taken = 0

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal taken
        more = True
        while more:
            message = await receive()
            taken += len(message["body"])
            more = message["more_body"]

    raw = [(k.encode(), v.encode()) for k, v in (headers or {}).items()]
    scope = {"type": "http", "method": "POST", "headers": raw}
    guard = BodyGuard(
        endpoint,
        ordinary=deadlines,
        streamed=deadlines,
        streams=lambda _: streams,
        is_known=lambda _: is_known,
    )
    await guard(scope, sender.receive, _send_nothing)
    return taken


async def _send_nothing(_: Message) -> None: ...


async def test_a_body_of_exactly_the_limit_passes() -> None:
    assert await read_through_guard(Sender(MAX_BODY_BYTES // len(PIECE))) == MAX_BODY_BYTES


async def test_one_piece_more_is_refused_without_reading_the_rest() -> None:
    sender = Sender(1000)
    with pytest.raises(RefusedBody) as refused:
        await read_through_guard(sender)
    assert refused.value.error.status == 413
    assert sender.sent == MAX_BODY_BYTES + len(PIECE)


async def test_an_announced_excess_is_refused_before_the_first_byte() -> None:
    sender = Sender(1000)
    with pytest.raises(RefusedBody):
        await read_through_guard(sender, headers={"content-length": str(MAX_BODY_BYTES + 1)})
    assert sender.sent == 0


@pytest.mark.parametrize("announced", ["10", "0", "-1", "many", "9" * 4])
async def test_an_announcement_that_lies_does_not_widen_the_limit(announced: str) -> None:
    with pytest.raises(RefusedBody):
        await read_through_guard(Sender(1000), headers={"content-length": announced})


async def test_a_streaming_route_keeps_a_limit_of_its_own() -> None:
    sender = Sender(100)
    assert await read_through_guard(sender, streams=True) == sender.sent > MAX_BODY_BYTES


async def test_the_rest_of_a_known_callers_body_is_discarded_up_to_a_bound() -> None:
    short, endless = Sender(100), Sender(100_000)
    for sender in (short, endless):
        with pytest.raises(RefusedBody):
            await read_through_guard(sender, is_known=True)
    assert short.left == 0
    assert endless.sent == DRAIN_BYTES


async def test_discarding_counts_what_was_read_before() -> None:
    sender = Sender(100_000)
    await drain_refused_body(sender.receive, DRAIN_BYTES - len(PIECE))
    assert sender.sent == len(PIECE)


async def test_discarding_ends_after_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aibc.http.body_guard.DRAIN_SECONDS", 0.2)
    started = monotonic()
    await drain_refused_body(Sender(100, pause=0.15).receive, 0)
    assert 0.15 < monotonic() - started < 2


@pytest.mark.parametrize(
    "deadlines",
    [BodyDeadlines(idle_seconds=0.05, total_seconds=5), BodyDeadlines(5, total_seconds=0.05)],
)
async def test_a_body_that_stalls_or_drips_for_ever_is_given_up(deadlines: BodyDeadlines) -> None:
    pause = 0.2 if deadlines.idle_seconds < 1 else 0.02
    with pytest.raises(RefusedBody) as refused:
        await read_through_guard(Sender(15, pause), deadlines=deadlines)
    assert refused.value.error.status == 408


async def test_a_byte_now_and_then_does_not_renew_the_patience() -> None:
    async def drip() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    sender = Sender(0)
    sender.receive = drip  # type: ignore[method-assign]
    with pytest.raises(RefusedBody) as refused:
        async with asyncio.timeout(20):
            await read_through_guard(sender, deadlines=BodyDeadlines(0.3, total_seconds=60))
    assert refused.value.error.status == 408


async def test_the_pace_is_asked_of_the_sender_alone() -> None:
    """What we do between two pieces, such as waiting for a disk, is not the sender's delay."""
    pieces = [b"x"] * 4

    async def receive() -> Message:
        return {"type": "http.request", "body": pieces.pop(), "more_body": bool(pieces)}

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:  # noqa: ASYNC110 - we are busy
            await asyncio.sleep(0.2)

    brief = BodyDeadlines(0.3, 60)
    guard = BodyGuard(
        endpoint, ordinary=brief, streamed=brief, streams=lambda _: True, is_known=lambda _: False
    )
    await guard({"type": "http", "method": "POST", "headers": []}, receive, _send_nothing)
    assert pieces == []


async def test_after_the_body_the_deadlines_are_over() -> None:
    """A route that streams its answer listens for the caller leaving, however long that takes."""
    messages: list[Message] = [
        {"type": "http.request", "body": b"", "more_body": False},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        if len(messages) == 1:
            await asyncio.sleep(0.2)
        return messages.pop(0)

    heard: list[str] = []

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])

    brief = BodyDeadlines(0.05, 0.05)
    guard = BodyGuard(
        endpoint, ordinary=brief, streamed=brief, streams=lambda _: False, is_known=lambda _: False
    )
    scope = {"type": "http", "method": "POST", "headers": []}
    await guard(scope, receive, _send_nothing)
    assert heard == ["http.request", "http.disconnect"]


async def test_whether_a_caller_is_known_is_asked_of_its_headers() -> None:
    asked: list[Headers] = []

    def is_known(headers: Headers) -> bool:
        asked.append(headers)
        return False

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    guard = BodyGuard(
        endpoint, ordinary=PATIENT, streamed=PATIENT, streams=lambda _: False, is_known=is_known
    )
    headers = [(b"authorization", b"Bearer x"), (b"content-length", b"2000000")]
    scope = {"type": "http", "method": "POST", "headers": headers}
    with pytest.raises(RefusedBody):
        await guard(scope, Sender(1).receive, _send_nothing)
    assert asked[0]["authorization"] == "Bearer x"


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/api/v1/auth/signup"])
async def test_ten_megabytes_are_refused_whatever_they_call_themselves(
    anonymous: httpx.AsyncClient, path: str, content_type: str
) -> None:
    headers = {"Content-Type": content_type}
    response = await anonymous.post(path, content=b"x" * 10_000_000, headers=headers)
    assert_problem(response, 413, "body_too_large")


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield PIECE


async def test_a_streaming_route_gets_more_than_a_mebibyte_and_refuses_in_the_one_shape(
    application: Application, sign_in: SignIn, make_user: MakeUser
) -> None:
    add_faulty_routes(application)
    client = await sign_in(await make_user())
    taken = await client.post("/faulty/streams", content=chunks(30))
    assert taken.json() == {"bytes": 30 * len(PIECE)}
    refused = await client.post("/faulty/streams", content=chunks(50))
    assert_problem(refused, 413, "body_too_large")
