"""The outermost layer: the request's id, the last word on its headers, its log line, its faults."""

from __future__ import annotations

import math
from collections.abc import Callable

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aibc.errors import AibcError
from aibc.http.logging import describe_fault, log_under
from aibc.http.metrics import count_fault, count_request
from aibc.http.problems import CLIENT_CLOSED, Problems, RefusedBody
from aibc.http.request_info import RequestInfo, begin
from aibc.http.response_headers import ResponseHeaders

OVERLOADED = 503
REFUSALS_TOLD_SECONDS = 0.1


class Observation:
    """Wraps the whole application, so that even a fault in another layer is answered in shape."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        problems: Problems,
        headers: ResponseHeaders,
        route_of: Callable[[Scope], str],
    ) -> None:
        self._app = app
        self._problems = problems
        self._headers = headers
        self._route_of = route_of
        self._log = structlog.get_logger("aibc.http")
        self._refusals = _Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        answer = _Answer(scope, send, self._headers)
        log_under(answer.info.request_id)
        try:
            await self._answered(scope, receive, answer)
        finally:
            self._record(scope, answer)

    async def _answered(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer.send)
        except (AibcError, RefusedBody) as error:  # from the layers between here and the routes
            await self._problems.response(_refusal(error), scope)(scope, receive, answer.send)
        except Exception as error:
            self._report(scope, error)
            if answer.status == CLIENT_CLOSED:
                await self._problems.unexpected(scope)(scope, receive, answer.send)
            elif not answer.is_complete:
                raise  # half an answer is out: only a cut connection tells the caller

    def _report(self, scope: Scope, error: Exception) -> None:
        route = self._route_of(scope)
        count_fault(route)
        self._log.error("fault", method=scope["method"], route=route, **describe_fault(error))

    def _record(self, scope: Scope, answer: _Answer) -> None:
        info, route = answer.info, self._route_of(scope)
        milliseconds = info.milliseconds
        count_request(scope["method"], route, answer.status, milliseconds / 1000)
        told: dict[str, int] = {}
        # A hot route may answer thousands of times a second: its successes are for debugging.
        write = self._log.debug if info.is_hot and answer.status < 400 else self._log.info
        if info.is_hot and answer.status == OVERLOADED:
            refused = self._refusals.count(info.started + milliseconds / 1000)
            if not refused:
                return
            told = {"refused": refused}
        write(
            "request",
            method=scope["method"],
            route=route,
            status=answer.status,
            ms=milliseconds,
            user_id=info.user_id,
            **told,
        )


def _refusal(error: AibcError | RefusedBody) -> AibcError:
    return error.error if isinstance(error, RefusedBody) else error


class _Refusals:
    """Those on hot routes, of which an overload makes thousands: one in a while is logged."""

    def __init__(self) -> None:
        self._since_last = 0
        self._next_at = -math.inf

    def count(self, now: float) -> int:
        """How many there were since this was last told; 0 until it is time to tell it again."""
        self._since_last += 1
        if now < self._next_at:
            return 0
        refused, self._since_last = self._since_last, 0
        self._next_at = now + REFUSALS_TOLD_SECONDS
        return refused


class _Answer:
    """What has been sent so far, and the sender that completes its headers."""

    def __init__(self, scope: Scope, send: Send, headers: ResponseHeaders) -> None:
        self.status = CLIENT_CLOSED
        self.is_complete = False
        self._send = send
        self._headers = headers
        self._origin, sent_id = _origin_and_id(scope)
        self.info: RequestInfo = begin(scope, sent_id)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._headers.complete(
                list(message.get("headers", ())), self._origin, self.info.request_id
            )
        elif not message.get("more_body", False):
            self.is_complete = True
        await self._send(message)


def _origin_and_id(scope: Scope) -> tuple[bytes | None, str | None]:
    origin = sent_id = None
    for name, value in scope["headers"]:
        if name == b"origin":
            origin = value
        elif name == b"x-request-id":
            sent_id = value.decode("latin-1")
    return origin, sent_id
