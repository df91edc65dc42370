"""From a file in the store to a frame: bounded in bytes, in time and in how many at once."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from aibc.database.pool import Record
from aibc.errors import AibcError
from aibc.settings import MEBIBYTE
from aibc.storage.store import ObjectStore
from aibc.submissions.file_response import FileResponse
from aibc.web.previews import frames, kinds
from aibc.web.previews.archive import TAIL_BYTES, archive, in_words
from aibc.web.previews.text import Body, only

MAX_BYTES = 5 * MEBIBYTE
AT_ONCE = 2
WAIT_SECONDS = 10.0

Result = TypeVar("Result")


class PreviewsBusy(AibcError):
    """Too many previews are being made right now; please try again in a moment."""

    code = "previews_busy"
    status = 503


class PreviewDesk:
    """Makes frames. Text is laid out in threads, two at once; bytes of pictures stream through."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="preview")
        self._places = asyncio.Semaphore(AT_ONCE)

    async def show(self, store: ObjectStore, file: Record, scripts: tuple[str, ...]) -> Response:
        """The frame of one file. Raises PreviewsBusy and what the store raises."""
        media, size = file["file_type"], file["file_size_bytes"]
        if media == kinds.ZIP:
            listing = await self._list_archive(store, file)
            return _described(file, "Nothing was unpacked. Download it to look inside.", listing)
        if size > MAX_BYTES and (media in kinds.WRITTEN or media in kinds.PICTURES | {kinds.PDF}):
            return _described(file, "Previews end at 5 MB. Download the file to look at it.")
        if media in kinds.WRITTEN:
            async with self.place():
                data = await _read(store, file)
                body = await self._in_thread(kinds.written, media, data)
            return frames.text_frame(file["file_name"], body)
        if media in kinds.PICTURES:
            return await _streamed(store, file, "picture.html", ())
        if media == kinds.PDF:
            return await _streamed(store, file, "pdf.html", scripts)
        return _described(file, "There is no preview of this kind of file. Download it instead.")

    async def compare(self, store: ObjectStore, earlier: Record, later: Record) -> Response:
        """The frame of what changed between two files."""
        title = f"Attempt {earlier['attempt']} and attempt {later['attempt']}"
        if not {earlier["file_type"], later["file_type"]} <= kinds.WRITTEN.keys():
            return frames.text_frame(title, only(_NOT_TEXT))
        if max(earlier["file_size_bytes"], later["file_size_bytes"]) > MAX_BYTES:
            return frames.text_frame(title, only(_TOO_LARGE))
        async with self.place():
            old, new = await _read(store, earlier), await _read(store, later)
            body = await self._in_thread(
                kinds.compared, earlier["file_type"], old, later["file_type"], new
            )
        return frames.text_frame(title, body)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """One of the places where files are read and laid out. Raises PreviewsBusy."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise PreviewsBusy(headers={"Retry-After": "5"}) from None
        try:
            yield
        finally:
            self._places.release()

    async def _list_archive(self, store: ObjectStore, file: Record) -> Body:
        async with self.place():
            tail = await _read(store, file, max(0, file["file_size_bytes"] - TAIL_BYTES))
            return await self._in_thread(archive, tail)

    async def _in_thread(self, function: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


_NOT_TEXT = "Only files of text can be compared line by line; look at these two side by side."
_TOO_LARGE = "Files above 5 MB are not compared; download both instead."


async def _read(store: ObjectStore, file: Record, start: int = 0) -> bytes:
    chunks = await store.get(file["object_key"], start, start + MAX_BYTES)
    return b"".join([chunk async for chunk in chunks])


def _described(file: Record, sentence: str, more: Body | None = None) -> HTMLResponse:
    html = frames.render(
        "facts.html",
        title=file["file_name"],
        kind=kinds.NAMES.get(file["file_type"], file["file_type"]),
        size=in_words(file["file_size_bytes"]),
        sentence=sentence,
        body=more or Body(Markup()),
    )
    return HTMLResponse(html.encode("utf-8", "replace"), headers=frames.frame_headers())


async def _streamed(
    store: ObjectStore, file: Record, template: str, scripts: tuple[str, ...]
) -> Response:
    """A frame with the bytes of the file in it as base64, which can end no attribute or element."""
    html = frames.render(template, title=file["file_name"], media_type=file["file_type"])
    before, _, after = html.partition(frames.FILE_GOES_HERE)
    chunks = await store.get(file["object_key"])
    headers = {"Content-Type": "text/html; charset=utf-8", **frames.frame_headers(scripts)}
    return FileResponse(_in_base64(before.encode(), chunks, after.encode()), 200, headers)


async def _in_base64(
    before: bytes, chunks: AsyncIterator[bytes], after: bytes
) -> AsyncIterator[bytes]:
    yield before
    left = b""
    async for chunk in chunks:
        left += chunk
        whole = len(left) - len(left) % 3
        yield base64.b64encode(left[:whole])
        left = left[whole:]
    yield base64.b64encode(left) + after
