"""What a ZIP archive holds, read from its directory alone: nothing is unpacked."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

from markupsafe import Markup

from aibc.submissions.archive_types import directory
from aibc.web.previews.text import Body, only, shortened, visible

MAX_ENTRIES = 500
# The directory stands at the end; one of some ten thousand files fits into this.
TAIL_BYTES = 1024 * 1024

_ENTRY = struct.Struct("<4s4xH14xI3H12x")
_SIGNATURE = b"PK\x01\x02"
_UNTOLD_SIZE = 0xFFFFFFFF
_NAME_IS_UTF8 = 0x800


def archive(tail: bytes) -> Body:
    """The names and sizes that the directory at the end of an archive lists."""
    entries = list(islice(_entries(directory(tail) or b""), MAX_ENTRIES + 1))
    if not entries:
        return only("The list of what is inside cannot be read.")
    rows = Markup().join(
        Markup('<tr><th scope="row">{}</th><td>{}</td></tr>').format(shortened(name, 200), size)
        for name, size in entries[:MAX_ENTRIES]
    )
    html = Markup(
        '<table class="sheet"><thead><tr><th scope="col">Inside</th><th scope="col">Size</th></tr>'
        "</thead><tbody>{}</tbody></table>"
    ).format(rows)
    cut = (f"The first {MAX_ENTRIES} entries.",) if len(entries) > MAX_ENTRIES else ()
    return Body(html, cut)


def in_words(size: int) -> str:
    """A number of bytes as people say it."""
    if size < 1024:
        return "1 byte" if size == 1 else f"{size} bytes"
    if size < 1024 * 1024:
        return f"{size / 1024:.0f} KB"
    return f"{size / (1024 * 1024):.1f} MB"


def _entries(listing: bytes) -> Iterator[tuple[str, str]]:
    position = listing.find(_SIGNATURE)
    while 0 <= position <= len(listing) - _ENTRY.size:
        signature, flags, size, name, extra, comment = _ENTRY.unpack_from(listing, position)
        if signature != _SIGNATURE:
            return
        start = position + _ENTRY.size
        raw = listing[start : start + name]
        text = raw.decode("utf-8" if flags & _NAME_IS_UTF8 else "cp437", "replace")
        told = "4 GB or more" if size == _UNTOLD_SIZE else in_words(size)
        yield visible(text), "" if text.endswith("/") else told
        position = start + name + extra + comment
