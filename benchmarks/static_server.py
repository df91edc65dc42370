"""Answers of a given size and nothing else: the ceiling of the server that the product runs on."""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send


def create_app() -> ASGIApp:
    """`GET /static/{bytes}` answers that many bytes; anything else that it is healthy."""
    return _answer


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    size = scope["path"].rpartition("/")[2]
    body = _body(int(size)) if size.isdigit() else b'{"status":"healthy"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message: Any = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


@cache
def _body(size: int) -> bytes:
    return b"x" * size
