"""ZIP archives and the Office documents inside them, told from the archive's own directory.

Nothing is ever unpacked. The directory stands at the end of an archive; different programs write
the entries in any order, so the first one tells nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from aibc.submissions.file_types import PRESENTATION, SPREADSHEET, WORDPROCESSING
from aibc.submissions.sample import Sample

_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04")
_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"
_ENTRY = b"PK\x01\x02"
_ENTRY_SIZE = 46
_UNTOLD_SIZE = 0xFFFFFFFF
_FOLDERS = {"word/": WORDPROCESSING, "ppt/": PRESENTATION, "xl/": SPREADSHEET}


def is_zip(sample: Sample) -> bool:
    """Say whether the bytes are a ZIP archive, its directory included."""
    if not sample.head.startswith(_STARTS):
        return False
    return not sample.complete or directory(sample.tail) is not None


def office_type(sample: Sample) -> str | None:
    """Return the media type of the Office document in a complete sample, or None.

    One with macros has another extension of its own (.docm, .xlsm, .pptm) and counts as none.
    """
    names = entry_names(sample)
    if b"[Content_Types].xml" in sample.head:
        # The directory of a very large presentation does not fit into the tail.
        names.add("[content_types].xml")
    if not is_zip(sample) or "[content_types].xml" not in names or has_macros(sample):
        return None
    for folder, media_type in _FOLDERS.items():
        if any(name.startswith(folder) for name in names):
            return media_type
    return None


def has_macros(sample: Sample) -> bool:
    """Say whether an archive holds the program part of an Office document."""
    return any(name.endswith("/vbaproject.bin") for name in entry_names(sample))


def entry_names(sample: Sample) -> set[str]:
    """Collect the names in the directory in lower case, as far as it lies within the tail."""
    return set(_names(directory(sample.tail) or b"")) if sample.complete else set()


def _names(directory: bytes) -> Iterator[str]:
    position = directory.find(_ENTRY)
    while position >= 0 and directory.startswith(_ENTRY, position):
        if position + _ENTRY_SIZE > len(directory):
            return
        name, extra, comment = struct.unpack_from("<3H", directory, position + 28)
        start = position + _ENTRY_SIZE
        raw = directory[start : start + name].decode("utf-8", "replace")
        yield raw.replace("\\", "/").lstrip("/").lower()
        position = start + name + extra + comment


def directory(tail: bytes) -> bytes | None:
    """Cut the directory out of the end of an archive; its start may lie before the tail."""
    end = tail.rfind(_END)
    if end < 0 or end + 22 > len(tail):
        return None
    (size,) = struct.unpack_from("<I", tail, end + 12)
    locator = end - 20
    if locator >= 56 and tail.startswith(_LOCATOR_64, locator):
        end = tail.rfind(_END_64, 0, locator)
        if size == _UNTOLD_SIZE and end >= 0:
            (size,) = struct.unpack_from("<Q", tail, end + 40)
    return tail[max(0, end - size) : end] if end >= 0 else None
