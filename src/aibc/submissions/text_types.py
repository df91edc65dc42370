"""Text, and the kinds of text that can be told apart: HTML, SVG, JSON, notebooks."""

from __future__ import annotations

import codecs
import json
import re

from aibc.submissions.sample import Sample

# Bytes that do not occur in text, whatever the encoding. Left out: tab, line feed, vertical tab,
# form feed, carriage return, backspace, bell, escape (logs of terminals) and Ctrl-Z (old files).
_NO_TEXT = bytes(set(range(0x20)) - {7, 8, 9, 10, 11, 12, 13, 26, 27})
# Text pasted from elsewhere carries a stray control character now and then; a binary, many.
_STRAYS_PER_BYTES = 100
_NEVER_TEXT = (b"%PDF-", b"{\\rtf", b"\x7fELF")

_PROLOG = re.compile(r"(?:\s|\ufeff|<!--.*?-->|<\?xml.*?\?>)*", re.DOTALL)
_HTML = re.compile(r"<!doctype\s+html|<(?:html|head|body|script|iframe)(?=[\s>/])", re.IGNORECASE)
_SVG = re.compile(r"<!doctype\s+svg|<svg(?=[\s>/])", re.IGNORECASE)


def is_text(sample: Sample) -> bool:
    """Say whether the bytes are text in UTF-8, UTF-16 with its mark, or an 8-bit encoding."""
    return decoded(sample) is not None


def is_plain(sample: Sample) -> bool:
    """Say whether the bytes are text that does not start as an HTML or SVG document."""
    text = decoded(sample)
    return text is not None and not starts_as_html(text) and not starts_as_svg(text)


def is_svg(sample: Sample) -> bool:
    """Say whether the bytes are text that starts as an SVG document."""
    text = decoded(sample)
    return text is not None and starts_as_svg(text)


def is_json(sample: Sample) -> bool:
    """Say whether the bytes look like JSON.

    A large file is judged by its first character, and a small one that does not parse is taken
    too if it starts as an object or array: lines of JSON and `NaN` are handed in all the time.
    """
    text = decoded(sample)
    start = (text or "").lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")) or not start:
        return bool(start)
    return start.startswith('"') if not sample.is_all_in_head else _parses(start)


def is_notebook(sample: Sample) -> bool:
    """Say whether the bytes look like a Jupyter notebook: an object with cells and a format."""
    text = decoded(sample)
    if text is None or not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return False
    if not sample.complete:
        return True
    # A notebook may start with a long table of widgets or end with one, never both.
    ends = sample.head + sample.tail
    return any(key in ends for key in (b'"nbformat"', b'"cells"', b'"worksheets"'))


def decoded(sample: Sample) -> str | None:
    """Return the first bytes as text, or None if they are none."""
    head = sample.head
    if head.startswith(_NEVER_TEXT):
        return None
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = _decode(head, "utf-16", final=False)
        return text if text is not None and _is_clean(text.encode("utf-8", "replace")) else None
    if sample.zero_byte:
        return None
    text = _decode(head, "utf-8-sig", final=sample.is_all_in_head)
    if text is not None:
        return text if _is_clean(head) else None
    # Every byte is a letter in some 8-bit encoding, so here not one control byte is forgiven.
    return head.decode("latin-1") if not _strays(head) else None


def starts_as_html(text: str) -> bool:
    """Say whether `text` is an HTML document; a `<p>` or `<h1>` in prose or Markdown is not."""
    return _HTML.match(text, _content_start(text)) is not None


def starts_as_svg(text: str) -> bool:
    """Say whether `text` is an SVG document."""
    return _SVG.match(text, _content_start(text)) is not None


def _content_start(text: str) -> int:
    prolog = _PROLOG.match(text)
    return prolog.end() if prolog else 0


def _decode(data: bytes, encoding: str, *, final: bool) -> str | None:
    try:
        # The incremental decoder forgives a character cut in two by the end of the sample.
        return codecs.getincrementaldecoder(encoding)().decode(data, final)
    except UnicodeDecodeError:
        return None


def _strays(data: bytes) -> int:
    return len(data) - len(data.translate(None, _NO_TEXT))


def _is_clean(data: bytes) -> bool:
    return _strays(data) * _STRAYS_PER_BYTES <= len(data)


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
