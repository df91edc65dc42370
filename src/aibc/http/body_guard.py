"""Limits on request bodies: their size, and the time they may take to arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, NoReturn, TypeVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aibc.http.errors import BodyTimeout, BodyTooLarge
from aibc.http.problems import RefusedBody
from aibc.settings import MEBIBYTE

MAX_BODY_BYTES = MEBIBYTE
DRAIN_BYTES = 32 * MEBIBYTE
DRAIN_SECONDS = 5.0
PACE_BYTES = 16 * 1024  # have to arrive within the seconds a body may be silent

_STREAMS = "__aibc_streams_body__"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True)
class BodyDeadlines:
    """Seconds a body is waited for until PACE_BYTES more of it are there, and for all of it."""

    idle_seconds: float
    total_seconds: float


def streams_body(endpoint: Endpoint) -> Endpoint:
    """Mark a route that reads its body piece by piece and keeps its own limit of size."""
    setattr(endpoint, _STREAMS, True)
    return endpoint


def is_streaming(endpoint: object) -> bool:
    """Whether an endpoint is marked so."""
    return bool(getattr(endpoint, _STREAMS, False))


class BodyGuard:
    """Stops reading a body that is too large or too slow.

    Deadlines hold for every route, the limit of size for all but those marked `streams_body`.
    `streams` says whether a request goes to such a route, by its path: an announced excess is
    refused before anything is looked up. `is_known` says whether a request comes from somebody
    with a valid token: only their refused bodies are read on and discarded, so that a browser
    gets to show the reason.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        ordinary: BodyDeadlines,
        streamed: BodyDeadlines,
        streams: Callable[[Scope], bool],
        is_known: Callable[[Headers], bool],
    ) -> None:
        self._app = app
        self._ordinary = ordinary
        self._streamed = streamed
        self._streams = streams
        self._is_known = is_known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return await self._app(scope, receive, send)
        if self._streams(scope):
            guarded = _in_time(receive, self._streamed)
        else:
            if _declared_length(scope) > MAX_BODY_BYTES:
                await self._refuse(scope, receive, 0)
            guarded = self._bounded(scope, _in_time(receive, self._ordinary))
        return await self._app(scope, guarded, send)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY_BYTES:
                await self._refuse(scope, receive, taken)
            return message

        return bounded

    async def _refuse(self, scope: Scope, receive: Receive, taken: int) -> NoReturn:
        if self._is_known(Headers(scope=scope)):
            await drain_refused_body(receive, taken)
        raise RefusedBody(BodyTooLarge(_TOO_LARGE))


async def drain_refused_body(receive: Receive, already_read: int) -> None:
    """Read on and discard until the body ends, 32 MiB were read in all, or 5 s have passed.

    A browser that is still sending when the connection closes reports a network error and never
    shows the answer. Call it for authenticated callers only, before raising the refusal.
    """
    taken = already_read
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while taken < DRAIN_BYTES:
                message = await receive()
                taken += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except (TimeoutError, RefusedBody):
        return


def _in_time(receive: Receive, deadlines: BodyDeadlines) -> Receive:
    """`receive` that gives a slow body up, and waits as long as it takes for what comes after.

    Only waiting counts against the pace: the caller is not to blame while we are busy.
    """
    end = monotonic() + deadlines.total_seconds
    patience = deadlines.idle_seconds
    arrived = 0
    complete = False

    async def in_time() -> Message:
        nonlocal patience, arrived, complete
        if complete:
            return await receive()
        asked = monotonic()
        try:
            async with asyncio.timeout(max(min(patience, end - asked), 0)):
                message = await receive()
        except TimeoutError:
            raise RefusedBody(BodyTimeout(headers={"Connection": "close"})) from None
        complete = not message.get("more_body", False)
        patience -= monotonic() - asked
        arrived += len(message.get("body", b""))
        if arrived >= PACE_BYTES:
            patience, arrived = deadlines.idle_seconds, 0
        return message

    return in_time


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


_TOO_LARGE = f"The request is larger than the {MAX_BODY_BYTES // MEBIBYTE} MiB this address takes."
