"""One byte range of a file (RFC 9110): what a broken download asks for to go on."""

from __future__ import annotations

import re
from typing import NamedTuple

from aibc.submissions.errors import RangeNotSatisfiable

# Several ranges in one request cost more than they are worth; the whole file answers them.
_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class ByteRange(NamedTuple):
    """From `start` up to but not including `end`."""

    start: int
    end: int


def requested_range(header: str | None, size: int) -> ByteRange | None:
    """The range of a file of `size` bytes that is asked for; None asks for all of it.

    What cannot be read as one range counts as not sent. Raises RangeNotSatisfiable.
    """
    match = _ONE_RANGE.fullmatch(header or "")
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        wanted = ByteRange(max(size - int(last), 0), size)
    else:
        wanted = ByteRange(int(first), min(int(last) + 1, size) if last else size)
        if last and int(last) < int(first):
            return None
    if wanted.start >= wanted.end:
        raise RangeNotSatisfiable(size)
    return wanted
