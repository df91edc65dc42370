"""How each type of file is shown. What stands in none of these tables is only described."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from aibc.submissions.file_types import FILE_TYPES, NOTEBOOK
from aibc.web.previews.code import code
from aibc.web.previews.comparison import comparison
from aibc.web.previews.markdown import markdown
from aibc.web.previews.notebook import NotANotebook, cells_of, notebook, source_lines
from aibc.web.previews.table import table
from aibc.web.previews.text import Body, decoded, lines_of, plain

PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
PDF = "application/pdf"
ZIP = "application/zip"

WRITTEN: Mapping[str, Callable[[str], Body]] = {
    "text/plain": plain,
    "text/markdown": markdown,
    "text/csv": table,
    "application/json": partial(code, language="json"),
    NOTEBOOK: notebook,
    "text/x-python": partial(code, language="python"),
    "text/html": code,
    "image/svg+xml": code,
    "application/x-sh": code,
}

NAMES = {row.media_type: row.name for row in FILE_TYPES}


def written(file_type: str, data: bytes) -> Body:
    """The body of a file that is text of some kind."""
    return WRITTEN[file_type](decoded(data))


def compared(earlier_type: str, earlier: bytes, later_type: str, later: bytes) -> Body:
    """What changed between two files that are text of some kind."""
    return comparison(_lines(earlier_type, earlier), _lines(later_type, later))


def _lines(file_type: str, data: bytes) -> list[str]:
    text = decoded(data)
    if file_type == NOTEBOOK:
        try:
            return list(source_lines(cells_of(text)))
        except NotANotebook:
            pass  # compared as it is written
    return lines_of(text)
