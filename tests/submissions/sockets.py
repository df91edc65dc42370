"""Uploads written byte by byte to a real socket, for what no client library lets one do."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import psutil

from fixtures.catalog import add_module, add_pathway, add_resource
from fixtures.people import sign_up, tokens_of
from fixtures.server import LiveServer
from submissions.calls import API
from submissions.forms import BOUNDARY

HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="big.txt"\r\n'
    "Content-Type: text/plain\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
PIECE = b"All work and no play makes a dull boy.\n" * 1680


@dataclass(frozen=True)
class Answer:
    """What came back, how long it took and how much had been sent by then."""

    status: int
    text: str
    seconds: float
    bytes_sent: int
    closed: bool


class RawUpload:
    """One upload over a connection of its own."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, chunked: bool
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._chunked = chunked
        self._started = time.monotonic()
        self.bytes_sent = 0

    @classmethod
    @asynccontextmanager
    async def begin(
        cls,
        server: LiveServer,
        resource: str,
        token: str | None,
        length: int | None,
        *headers: str,
    ) -> AsyncIterator[RawUpload]:
        """Send the head of the request; without a length the body goes in chunks."""
        address = urlsplit(server.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        # A small buffer on this side: what was sent is then nearly what was taken.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        lines = [
            f"POST {API}/users/me/resources/{resource}/upload HTTP/1.1",
            f"Host: {address.netloc}",
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
            "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}",
            *([f"Authorization: Bearer {token}"] if token else []),
            *headers,
        ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        try:
            yield cls(reader, writer, chunked=length is None)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def send(self, data: bytes) -> None:
        """Send some of the body. Raises ConnectionError once the other side has closed."""
        framed = b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data
        self._writer.write(framed)
        await self._writer.drain()
        self.bytes_sent += len(data)

    async def send_until_answered(self, limit: int) -> Answer:
        """Send up to `limit` bytes of file, but stop when an answer or an end comes."""
        answer = asyncio.create_task(self.answer())
        try:
            await self.send(HEAD)
            while self.bytes_sent < limit and not answer.done():
                await self.send(PIECE)
        except ConnectionError:
            pass
        return await answer

    async def answer(self) -> Answer:
        """Read until the other side closes, or goes quiet."""
        received = b""
        closed = False
        try:
            async with asyncio.timeout(20):
                while not (b"\r\n\r\n" in received and _is_whole(received)):
                    piece = await self._reader.read(65536)
                    received += piece
                    if not piece:
                        closed = True
                        break
        except (ConnectionError, TimeoutError):
            closed = True
        status = int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.1 ") else 0
        return Answer(
            status=status,
            text=received.decode(errors="replace"),
            seconds=time.monotonic() - self._started,
            bytes_sent=self.bytes_sent,
            closed=closed,
        )

    async def is_closed(self, seconds: float = 5.0) -> bool:
        """Whether the other side ends the connection within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while await self._reader.read(65536):
                    pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    def cut(self) -> None:
        """Go away without a word."""
        self._writer.transport.abort()


def _is_whole(received: bytes) -> bool:
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return False


@dataclass(frozen=True)
class Classroom:
    """A running service with a course in it."""

    server: LiveServer
    pathway: str
    module: str
    project: str

    @property
    def storage(self) -> Path:
        return self.server.data_directory / "storage"

    async def token(self, email: str) -> str:
        """The access token of a learner, who is signed up first."""
        async with httpx.AsyncClient(base_url=self.server.url, timeout=30.0) as client:
            await sign_up(client, email)
            access: str = (await tokens_of(client, email))["access_token"]
            return access

    def client(self, token: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.server.url, timeout=60.0, headers={"Authorization": f"Bearer {token}"}
        )

    async def query(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.server.database_url)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    def memory(self) -> int:
        """Bytes that the service's processes keep for themselves."""
        assert self.server.process
        process = psutil.Process(self.server.process.pid)
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_full_info().uss for member in family)


async def open_classroom(server: LiveServer) -> Classroom:
    """Put a course into the service's database."""
    connection = await asyncpg.connect(server.database_url)
    try:
        pathway = await add_pathway(connection)
        module = await add_module(connection, pathway)
        project = await add_resource(connection, module, type="project", requires_upload=True)
    finally:
        await connection.close()
    return Classroom(server, pathway, module, project)
