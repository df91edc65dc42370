"""Tables as CSV files, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.responses import StreamingResponse

from aibc.submissions.file_names import content_disposition

# A spreadsheet takes a cell that begins with one of these for a formula, full-width ones too. Where
# commas are decimal, Excel begins a cell behind each semicolon and line break, whatever quotes say.
_FORMULA = re.compile(r"^(?= *[-=+@\t\r\n＝＋－＠])|(?<=[;\r\n])(?= *[-=+@＝＋－＠])")
# Excel reads a file without this mark in the alphabet of its machine.
_MARK = "\ufeff"


def cell(value: Any) -> str:
    """A value as it stands in the file; an apostrophe stands before text like a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, float):
        return f"{value:.2f}"
    return _FORMULA.sub("'", value) if isinstance(value, str) else str(value)


def csv_response(
    file_name: str, head: Sequence[str], batches: AsyncIterator[Iterable[Sequence[Any]]]
) -> StreamingResponse:
    """A download of `head` and the rows of all batches, written while they arrive."""
    return StreamingResponse(
        _written(head, batches),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": content_disposition(file_name),
            "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "Cache-Control": "no-store",
        },
    )


async def _written(
    head: Sequence[str], batches: AsyncIterator[Iterable[Sequence[Any]]]
) -> AsyncIterator[bytes]:
    yield (_MARK + _lines([head])).encode()
    async for batch in batches:
        yield _lines(batch).encode()


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows([cell(v) for v in row] for row in rows)
    return buffer.getvalue()


async def at_once(rows: Iterable[Sequence[Any]]) -> AsyncIterator[Iterable[Sequence[Any]]]:
    """Rows that are there already, as the only batch."""
    yield rows
