"""Real files of every type, made the way different programs make them."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Iterable
from typing import IO, cast

from PIL import Image

DOCUMENT = "<w:document/>"
OFFICE = {
    "docx": ("word/document.xml", "word/styles.xml"),
    "pptx": ("ppt/presentation.xml", "ppt/slides/slide1.xml"),
    "xlsx": ("xl/workbook.xml", "xl/worksheets/sheet1.xml"),
}


def image(kind: str, frames: int = 1) -> bytes:
    pictures = [Image.new("RGB", (40, 30), (50 * index, 90, 200)) for index in range(frames)]
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": pictures[1:]} if frames > 1 else {}
    pictures[0].save(buffer, kind, **more)
    return buffer.getvalue()


def archive(
    entries: Iterable[tuple[str, bytes]],
    *,
    compression: int = zipfile.ZIP_DEFLATED,
    comment: bytes = b"",
    streamed: bool = False,
) -> bytes:
    """A ZIP archive; a streamed one has its sizes behind each entry, as many writers leave them."""
    buffer = io.BytesIO()
    target = cast("IO[bytes]", _Unseekable(buffer)) if streamed else buffer
    with zipfile.ZipFile(target, "w", compression) as writer:
        for name, content in entries:
            writer.writestr(name, content)
        writer.comment = comment
    return buffer.getvalue()


class _Unseekable:
    """A pipe to write into: no seek, no tell."""

    def __init__(self, target: io.BytesIO) -> None:
        self._target = target

    def write(self, data: bytes) -> int:
        return self._target.write(data)

    def flush(self) -> None:
        self._target.flush()


def office(extension: str, order: str = "types first", **options: object) -> bytes:
    """A minimal Office document with its entries in the order one of the usual writers leaves."""
    parts = [(name, DOCUMENT.encode() * 50) for name in OFFICE[extension]]
    types = ("[Content_Types].xml", b"<Types/>")
    rels = ("_rels/.rels", b"<Relationships/>")
    extras = [("docProps/app.xml", b"<Properties/>"), ("docProps/core.xml", b"<core/>")]
    orders = {
        "types first": [types, rels, *parts, *extras],
        "types last": [rels, *extras, *parts, types],
        "parts first": [*parts, types, rels],
        "media first": [("media/image1.png", noise(100_000)), rels, *parts, types],
        "backslashes": [types, *[(name.replace("/", "\\"), data) for name, data in parts]],
    }
    return archive(orders[order], **options)  # type: ignore[arg-type]


def notebook(**more: object) -> bytes:
    """A notebook as Jupyter writes it: keys sorted, indented by one."""
    cells = [{"cell_type": "markdown", "metadata": {}, "source": ["# Hello"]}]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    return json.dumps(content, indent=1, sort_keys=True).encode()


def pdf(leading: bytes = b"") -> bytes:
    return leading + b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n"


def mp4(major: bytes = b"isom", compatible: bytes = b"isomiso2avc1mp41") -> bytes:
    box = b"ftyp" + major + struct.pack(">I", 512) + compatible
    return struct.pack(">I", len(box) + 4) + box + struct.pack(">I", 8) + b"free" + noise(1000)


def program(kind: str) -> bytes:
    headers = {
        "windows": b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff",
        "linux": b"\x7fELF\x02\x01\x01\x00" + bytes(8) + b"\x03\x00\x3e\x00\x01",
        "macos": b"\xcf\xfa\xed\xfe\x07\x00\x00\x01\x03\x00\x00\x00",
    }
    return headers[kind] + bytes(64) + noise(2000)


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)
