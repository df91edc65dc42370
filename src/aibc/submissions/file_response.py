"""Sends a stored file to whoever holds a link to it, so that no browser ever renders it here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aibc.database.pool import Record
from aibc.storage.store import ObjectStore
from aibc.submissions.byte_ranges import ByteRange, requested_range
from aibc.submissions.file_names import content_disposition

# A reader who takes no byte for so long has gone; the file is closed.
SEND_SECONDS = 60.0

FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


async def file_response(
    store: ObjectStore, file: Record, request_headers: Mapping[str, str]
) -> Response:
    """The file, or the part of it that is asked for. Raises RangeNotSatisfiable, ObjectMissing."""
    size = file["file_size_bytes"]
    etag = f'"{file["sha256"] or file["crc32c"]}"'
    part = None
    if request_headers.get("if-range") in (None, etag):
        part = requested_range(request_headers.get("range"), size)
    sent = part or ByteRange(0, size)
    headers = {
        "Content-Type": file["file_type"],
        "Content-Length": str(sent.end - sent.start),
        "Content-Disposition": content_disposition(file["file_name"]),
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
        "ETag": etag,
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{size}"
    chunks = await store.get(file["object_key"], sent.start, sent.end)
    return FileResponse(chunks, 206 if part else 200, headers)


class FileResponse(Response):
    """Streams chunks as fast as the reader takes them, with a deadline for each."""

    def __init__(
        self, chunks: AsyncIterator[bytes], status_code: int, headers: Mapping[str, str]
    ) -> None:
        self.status_code = status_code
        self.background = None
        self.body = b""
        self.raw_headers = [
            (name.lower().encode("ascii"), value.encode("latin-1"))
            for name, value in headers.items()
        ]
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        start = {"type": "http.response.start", "status": self.status_code}
        async with aclosing(cast(AsyncGenerator[bytes], self._chunks)) as chunks:
            await send({**start, "headers": self.raw_headers})
            async for chunk in chunks:
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
