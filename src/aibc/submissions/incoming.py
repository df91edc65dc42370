"""The body of an upload request, taken piece by piece and counted."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from aibc.http.body_guard import drain_refused_body


class IncomingBody:
    """Read it once, by iterating; what is left of a refused one can be discarded."""

    def __init__(self, request: Request) -> None:
        self.content_type = request.headers.get("content-type")
        self.announced_bytes = _whole_number(request.headers.get("content-length"))
        self._receive = request.receive
        self._taken = 0
        self._is_over = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self._is_over:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._is_over = True
                raise ClientDisconnect
            piece = message.get("body", b"")
            self._taken += len(piece)
            self._is_over = not message.get("more_body", False)
            if piece:
                yield piece

    async def discard(self) -> None:
        """Let an authenticated caller finish sending, within bounds, so that they see why."""
        if not self._is_over:
            self._is_over = True
            await drain_refused_body(self._receive, self._taken)


def _whole_number(header: str | None) -> int | None:
    return int(header) if header and header.isascii() and header.isdigit() else None
