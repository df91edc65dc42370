"""Upload forms as clients write them, and as nobody should."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from aibc.submissions.multipart import FilePart, UploadForm

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"


@dataclass(frozen=True)
class Received:
    """What a reader got out of a form."""

    part: FilePart
    content: bytes
    notes: str | None


def field(
    name: str,
    content: bytes,
    file_name: bytes | None = None,
    content_type: str | None = None,
    extra: bytes = b"",
) -> bytes:
    """One part, from its headers to its last byte."""
    head = b'Content-Disposition: form-data; name="' + name.encode() + b'"'
    if file_name is not None:
        head += b'; filename="' + file_name + b'"'
    if content_type is not None:
        head += b"\r\nContent-Type: " + content_type.encode("latin-1")
    return head + extra + b"\r\n\r\n" + content


def form(*parts: bytes, boundary: str = BOUNDARY) -> bytes:
    """A whole body, closing boundary included."""
    delimiter = b"--" + boundary.encode()
    return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"


async def arriving(body: bytes, size: int) -> AsyncIterator[bytes]:
    """The body in pieces of `size` bytes."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def reader(body: bytes, size: int = 65536, boundary: str = BOUNDARY) -> UploadForm:
    return UploadForm(f"multipart/form-data; boundary={boundary}", arriving(body, size))


async def receive(body: bytes, size: int = 65536, boundary: str = BOUNDARY) -> Received:
    """Read a form the way the upload route does."""
    form = reader(body, size, boundary)
    part = await form.open_file()
    content = b"".join([chunk async for chunk in form.file_chunks()])
    return Received(part, content, form.notes)
