"""CSV as a table: its first rows and columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice

from markupsafe import Markup, escape

from aibc.web.previews.text import Body, lines_of, plain, shortened

MAX_ROWS = 1_000
MAX_COLUMNS = 60
MAX_CELL_CHARACTERS = 500
# A line of this length is longer than all that is shown of it.
_MAX_LINE = 2 * MAX_COLUMNS * MAX_CELL_CHARACTERS
_DELIMITERS = ",;\t|"


def table(text: str) -> Body:
    """The table; text that cannot be read as one stays as it is."""
    lines = lines_of(text)
    try:
        rows = list(islice(_rows(lines), MAX_ROWS + 2))
    except csv.Error:
        return plain(text)
    if not rows:
        return plain(text)
    width = min(max(map(len, rows)), MAX_COLUMNS)
    head, body = rows[0], rows[1 : MAX_ROWS + 1]
    html = Markup(
        '<table class="sheet"><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table>'
    ).format(
        _cells(head, width, '<th scope="col">{}</th>'),
        Markup().join(
            Markup('<tr><th scope="row">{}</th>{}</tr>').format(
                number, _cells(row, width, "<td>{}</td>")
            )
            for number, row in enumerate(body, start=1)
        ),
    )
    return Body(html, tuple(_notes(lines, rows)))


def _rows(lines: list[str]) -> Iterator[list[str]]:
    sample = "\n".join(lines[:20])[:_MAX_LINE]
    delimiter = max(_DELIMITERS, key=sample.count)
    source = (line[:_MAX_LINE] + "\n" for line in lines)
    return (row for row in csv.reader(source, delimiter=delimiter) if row)


def _cells(row: list[str], width: int, cell: str) -> Markup:
    padded = [*row[:width], *[""] * (width - len(row))]
    template = Markup(cell)  # noqa: S704  # one of the two above
    return Markup().join(
        template.format(escape(shortened(value, MAX_CELL_CHARACTERS))) for value in padded
    )


def _notes(lines: list[str], rows: list[list[str]]) -> Iterator[str]:
    if len(rows) > MAX_ROWS + 1:
        yield f"The first {MAX_ROWS:,} rows. Download the file for the rest."
    cut = any(len(line) > _MAX_LINE for line in lines[: MAX_ROWS + 1])
    if cut or max(map(len, rows)) > MAX_COLUMNS:
        yield f"The first {MAX_COLUMNS} columns. Download the file for the rest."
