"""A small HTTP/1.1 client for very many connections: one request at a time on each."""

from __future__ import annotations

import asyncio
import re
from typing import NamedTuple, cast
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


class Reply(NamedTuple):
    status: int
    body: bytes


class ConnectionBroken(Exception):
    """The service closed the connection, or never opened it."""


class Connection(asyncio.Protocol):
    """A connection kept alive. Make it with `connect`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._end: int | None = None  # of the reply, once its head has come
        self._reply: asyncio.Future[Reply] | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def send(self, raw: bytes) -> Reply:
        """Send a request and wait for its reply. Raises ConnectionBroken."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionBroken
        self._received.clear()
        self._end = None
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(raw)
        return await self._reply

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._end is None:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return
            length = _LENGTH.search(self._received, 0, head)
            self._end = head + 4 + (int(length[1]) if length else 0)
        if len(self._received) >= self._end and self._reply and not self._reply.done():
            body = self._received.find(b"\r\n\r\n") + 4
            self._reply.set_result(
                Reply(int(self._received[9:12]), bytes(self._received[body : self._end]))
            )

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        if self._reply and not self._reply.done():
            self._reply.set_exception(ConnectionBroken())


async def connect(url: str) -> Connection:
    """Raises ConnectionBroken when nobody takes the call."""
    host, _, port = urlsplit(url).netloc.partition(":")
    loop = asyncio.get_running_loop()
    try:
        _, connection = await loop.create_connection(Connection, host, int(port))
    except OSError as error:
        raise ConnectionBroken from error
    return connection
