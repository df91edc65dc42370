"""Jupyter notebooks: their cells, code and outputs, of which nothing is ever run or trusted.

Of an output with several forms the first that is safe to show is shown: a PNG or JPEG picture whose
bytes are one, else plain text, else the source of its HTML.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup, escape

from aibc.web.previews.code import block
from aibc.web.previews.markdown import can_be_laid_out, laid_out
from aibc.web.previews.text import Body, lines_of, plain, shortened, visible

MAX_CELLS = 400
MAX_OUTPUTS = 40
MAX_OUTPUT_CHARACTERS = 20_000
MAX_CODE_CHARACTERS = 100_000
MAX_BRACKETS = 300_000

_PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
# Colours and movements of a terminal, after their first character was made visible.
_ESCAPES = re.compile(r"\u241b\[[0-9;?]{0,40}[A-Za-z]")
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?!\n)", re.MULTILINE)

Cell = dict[str, Any]


class NotANotebook(Exception):
    """The text is no notebook that can be shown."""


def notebook(text: str) -> Body:
    """The notebook laid out; what is none after all, as text."""
    try:
        cells = cells_of(text)
    except NotANotebook:
        body = plain(text)
        return Body(body.html, ("This notebook is damaged, so this is its source.", *body.notes))
    prose = "".join(source_of(cell) for cell in cells if kind_of(cell) == "markdown")
    lay_out = can_be_laid_out(prose)
    shown = Markup().join(_cell(cell, lay_out) for cell in cells[:MAX_CELLS])
    notes: tuple[str, ...] = ()
    if len(cells) > MAX_CELLS:
        notes = (f"The first {MAX_CELLS} of {len(cells):,} cells. Download the file for the rest.",)
    return Body(shown or Markup("<p>This notebook has no cells.</p>"), notes)


def cells_of(text: str) -> list[Cell]:
    """The cells, those of the format before 2015 too. Raises NotANotebook."""
    # Each bracket may be an object of ours, a hundred times its size.
    if text.count("[") + text.count("{") > MAX_BRACKETS:
        raise NotANotebook
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise NotANotebook from None
    sheets = _items(_field(document, "worksheets"))
    cells = _field(sheets[0], "cells") if sheets else _field(document, "cells")
    if not isinstance(cells, list):
        raise NotANotebook
    return [cell for cell in cells if isinstance(cell, dict)]


def source_of(cell: Cell) -> str:
    """What the learner wrote in a cell."""
    return _text(cell.get("source", cell.get("input")))


def kind_of(cell: Cell) -> str:
    """`code`, `markdown`, or what else the cell says it is."""
    return shortened(_text(cell.get("cell_type")) or "unknown", 40)


def source_lines(cells: list[Cell]) -> Iterator[str]:
    """All cells as lines to compare, each cell under a line that says what it is."""
    for cell in cells:
        yield f"[{kind_of(cell)}]"
        yield from lines_of(source_of(cell))
        yield ""


def _cell(cell: Cell, lay_out: bool) -> Markup:
    kind, source = kind_of(cell), source_of(cell)
    if kind == "code":
        return _code_cell(cell, source)
    if kind == "markdown" and lay_out:
        return Markup("<article>{}</article>").format(laid_out(source, _attachments(cell)))
    return Markup('<pre class="prose">{}</pre>').format(shortened(source, MAX_CODE_CHARACTERS))


def _code_cell(cell: Cell, source: str) -> Markup:
    number = cell.get("execution_count", cell.get("prompt_number"))
    label = f"In [{number if isinstance(number, int) else ' '}]"
    outputs = _items(cell.get("outputs"))
    shown = Markup().join(_output(output) for output in outputs[:MAX_OUTPUTS])
    if len(outputs) > MAX_OUTPUTS:
        shown += Markup("<p>{} more outputs are not shown.</p>").format(len(outputs) - MAX_OUTPUTS)
    return Markup('<section class="cell"><p class="prompt">{}</p>{}{}</section>').format(
        label, block(shortened(source, MAX_CODE_CHARACTERS), "python"), shown
    )


def _output(output: Any) -> Markup:
    if not isinstance(output, dict):
        return Markup()
    if output.get("output_type") in ("error", "pyerr"):
        return _pre("output error", "\n".join(map(_text, _items(output.get("traceback")))))
    if output.get("output_type") == "stream":
        return _pre("output", _text(output.get("text")))
    data = output.get("data")
    if not isinstance(data, dict):  # the old format keeps its forms in the output itself
        short = {"png": "image/png", "jpeg": "image/jpeg", "text": "text/plain"}
        data = {media: output[name] for name, media in short.items() if name in output}
    picture = next((p for media in _PICTURES if (p := _picture(media, data.get(media)))), None)
    if picture:
        return Markup('<div class="output">{}</div>').format(picture)
    for media in ("text/plain", "text/markdown", "text/latex", "text/html"):
        if written := _text(data.get(media)):
            return _pre("output", written)
    return Markup('<p class="output">An output that cannot be shown here.</p>')


def _picture(media: str, value: Any) -> Markup | None:
    """The picture, if the value is the base64 of one."""
    try:
        data = base64.b64decode("".join(_joined(value).split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not data.startswith(_PICTURES[media]):
        return None
    encoded = base64.b64encode(data).decode()
    return Markup('<img alt="Output of the cell" src="data:{};base64,{}">').format(media, encoded)


def _attachments(cell: Cell) -> dict[str, Markup]:
    found = {}
    attachments = cell.get("attachments")
    for name, forms in attachments.items() if isinstance(attachments, dict) else ():
        for media in _PICTURES:
            picture = _picture(media, _field(forms, media))
            if picture:
                found[name] = picture
    return found


def _pre(name: str, written: str) -> Markup:
    clean = _OVERWRITTEN.sub("", _ESCAPES.sub("", written))
    text = shortened(clean, MAX_OUTPUT_CHARACTERS)
    return Markup('<pre class="{}">{}</pre>').format(name, escape(text))


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return visible(_joined(value))


def _joined(value: Any) -> str:
    """A string, also where it is stored as a list of its lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""
