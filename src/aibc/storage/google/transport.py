"""One HTTP request at a time, in threads of the transport, each wait with its deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

THREADS = 32
CONNECT_SECONDS = 4.0
SILENCE_SECONDS = 8.0
# Sending one body, however slowly it moves.
SENDING_SECONDS = 18.0

Result = TypeVar("Result")
Body = Iterable[Any]  # bytes or memoryviews; the library's types know no memoryviews


class NoAnswer(Exception):
    """The connection could not be made, broke, or fell silent: nobody knows what was done."""


@dataclass(frozen=True)
class Answer:
    """`headers` by lower-case name; of those sent several times, joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Transport:
    """Keeps connections open between requests; close it when done."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(
            num_pools=4,
            maxsize=THREADS,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=SILENCE_SECONDS),
        )
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aibc-bucket")

    @property
    def pool(self) -> urllib3.PoolManager:
        return self._pool

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: Body = ()
    ) -> Answer:
        """Send a request whose `headers` tell the length of `body`. Raises NoAnswer."""
        return await self.in_thread(self._request, method, url, headers, body)

    @asynccontextmanager
    async def stream(
        self, url: str, headers: Mapping[str, str]
    ) -> AsyncIterator[tuple[Answer, Callable[[int], AsyncIterator[bytes]]]]:
        """GET; gives the head of the answer and what reads its body in pieces of a size.

        Raises NoAnswer, then and while it is read. A refusal's body is in the answer.
        """
        response = await self.in_thread(self._open, url, headers)
        try:
            failed = response.status >= 400
            body = await self.in_thread(_read, response, None) if failed else b""
            yield _answer(response, body), lambda size: self._pieces(response, size)
        finally:
            # In a thread, because it waits for one that is still reading.
            await asyncio.shield(self.in_thread(response.close))

    async def in_thread(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Run what blocks; a caller that is cancelled leaves it to end by its own deadlines."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: function(*arguments)
        )

    def close(self) -> None:
        self._threads.shutdown(wait=False)
        self._pool.clear()

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: Body) -> Answer:
        with _no_answer():
            response = self._pool.request(
                method,
                url,
                headers=dict(headers),
                body=_in_time(body) if body else b"",
                redirect=False,
                decode_content=False,
            )
            return _answer(response, response.data)

    def _open(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        with _no_answer():
            return self._pool.request(
                "GET", url, headers=dict(headers), redirect=False, preload_content=False
            )

    async def _pieces(self, response: BaseHTTPResponse, size: int) -> AsyncIterator[bytes]:
        while piece := await self.in_thread(_read, response, size):
            yield piece


def _read(response: BaseHTTPResponse, size: int | None) -> bytes:
    with _no_answer():
        return response.read(size, decode_content=False)


def _answer(response: BaseHTTPResponse, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, body)


def _in_time(body: Body) -> Iterator[Any]:
    """Hand the body over block by block, so that each has the socket's time-out for itself."""
    deadline = monotonic() + SENDING_SECONDS
    for block in body:
        if monotonic() > deadline:
            raise TimeoutError
        yield block


@contextmanager
def _no_answer() -> Iterator[None]:
    try:
        yield
    except (HTTPError, OSError) as error:
        raise NoAnswer from error
