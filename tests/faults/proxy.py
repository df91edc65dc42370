"""A proxy of ours that stands before a database or a bucket and does what networks do."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit, urlunsplit

PIECE = 64 * 1024


class FaultProxy:
    """Passes TCP on to one address, from a thread of its own, until told to misbehave.

    `delay` seconds before each piece; `is_silent`: pieces vanish, connections stay (a black hole);
    `is_refusing`: connections are reset at once; `cut_after`: each connection is reset once so many
    bytes came back.
    """

    def __init__(self, connect: Callable[[], asyncio.Future[object] | object]) -> None:
        self._connect = connect
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay = 0.0
        self.is_silent = False
        self.is_refusing = False
        self.cut_after: int | None = None
        self.port = 0

    def calm(self) -> None:
        """Pass everything on again."""
        self.delay, self.is_silent, self.is_refusing, self.cut_after = 0.0, False, False, None

    def reset_all(self) -> None:
        """End every connection with RST, as a machine does that fell over."""
        asyncio.run_coroutine_threadsafe(self._reset_all(), self._loop).result()

    @contextmanager
    def running(self) -> Iterator[FaultProxy]:
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._pass_on, "127.0.0.1", 0), self._loop
        ).result()
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.reset_all()
            asyncio.run_coroutine_threadsafe(self._end_tasks(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_refusing:
            return _reset(writer)
        there, back = await self._connect()  # type: ignore[misc]
        self._writers |= {writer, back}
        for way in (_Way(self, reader, back, counts=False), _Way(self, there, writer, counts=True)):
            task = asyncio.create_task(way.run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return None

    async def _reset_all(self) -> None:
        for writer in self._writers:
            _reset(writer)
        self._writers.clear()

    async def _end_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Way:
    """One direction of one connection."""

    def __init__(
        self,
        proxy: FaultProxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        counts: bool,
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._counts = counts

    async def run(self) -> None:
        passed = 0
        with suppress(ConnectionError):
            async for piece in self._pieces():
                if self._proxy.delay:
                    await asyncio.sleep(self._proxy.delay)
                if self._proxy.is_silent:
                    continue
                limit = self._proxy.cut_after if self._counts else None
                self._writer.write(piece)
                await self._writer.drain()
                passed += len(piece)
                if limit is not None and passed >= limit:
                    return _reset(self._writer)
        return self._writer.close()

    async def _pieces(self) -> AsyncIterator[bytes]:
        while piece := await self._reader.read(PIECE):
            yield piece


def _reset(writer: asyncio.StreamWriter) -> None:
    handle: socket.socket | None = writer.get_extra_info("socket")
    if handle is not None and not writer.is_closing():
        with suppress(OSError):
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def before_database(url: str) -> Iterator[tuple[FaultProxy, str]]:
    """A proxy before a database on this machine, and the URL that leads through it."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    host = query.get("host", [parts.hostname or "localhost"])[0]
    port = int(query.get("port", [str(parts.port or 5432)])[0])

    def connect() -> object:
        if host.startswith("/"):
            return asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return asyncio.open_connection(host, port)

    with FaultProxy(connect).running() as proxy:
        user = f"{parts.username}@" if parts.username else ""
        through = parts._replace(netloc=f"{user}127.0.0.1:{proxy.port}", query="")
        yield proxy, urlunsplit(through)


@contextmanager
def before_port(port: int) -> Iterator[FaultProxy]:
    """A proxy before something that listens on this machine."""
    with FaultProxy(lambda: asyncio.open_connection("127.0.0.1", port)).running() as proxy:
        yield proxy
