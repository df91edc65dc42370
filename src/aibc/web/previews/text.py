"""Handed-in text, decoded as the type sniffer judged it, with nothing in it that cannot be seen."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from markupsafe import Markup

MAX_CHARACTERS = 1_000_000
MAX_LINES = 20_000
MAX_LINE_CHARACTERS = 5_000

_LINE_END = re.compile(r"\r\n|\r|\n")
# Characters that turn text around make code read otherwise than it runs; controls are invisible.
_MADE_VISIBLE = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"}
_MADE_VISIBLE |= {
    code: f"\N{LEFT DOUBLE PARENTHESIS}U+{code:04X}\N{RIGHT DOUBLE PARENTHESIS}"
    for code in (0x7F, 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


@dataclass(frozen=True)
class Body:
    """What a frame shows: markup of ours, and sentences about what it leaves out."""

    html: Markup
    notes: tuple[str, ...] = ()


def only(sentence: str) -> Body:
    """A body that is nothing but one sentence."""
    return Body(Markup(), (sentence,))


def decoded(data: bytes) -> str:
    """The text: UTF-16 by its mark, UTF-8, else Windows-1252, which can be any bytes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return visible(text)


def visible(text: str) -> str:
    """The text with characters shown that are invisible or turn others around."""
    return text.translate(_MADE_VISIBLE)


def lines_of(text: str) -> list[str]:
    """The lines without their ends, at most one more than are shown; a last, empty one is none."""
    lines = _LINE_END.split(text, MAX_LINES + 1)[: MAX_LINES + 1]
    return lines[:-1] if lines[-1] == "" else lines


def shortened(text: str, limit: int) -> str:
    """`text`, or its first `limit` characters and how many follow."""
    left = len(text) - limit
    return text if left <= 0 else f"{text[:limit]} … ({left:,} more characters)"


def shown_lines(text: str) -> tuple[list[str], tuple[str, ...]]:
    """As much of the text as a person reads in a frame, and a sentence if that is not all of it."""
    lines = lines_of(text[:MAX_CHARACTERS])
    shown = [shortened(line, MAX_LINE_CHARACTERS) for line in lines[:MAX_LINES]]
    if len(text) > MAX_CHARACTERS or len(lines) > MAX_LINES:
        return shown, ("This is only the beginning. Download the file for the rest.",)
    if any(len(line) > MAX_LINE_CHARACTERS for line in lines):
        return shown, ("Very long lines are cut. Download the file to see all of them.",)
    return shown, ()


def plain(text: str) -> Body:
    """Prose: its lines as they are, long ones wrapped."""
    lines, notes = shown_lines(text)
    return Body(Markup('<pre class="prose">{}</pre>').format("\n".join(lines)), notes)
