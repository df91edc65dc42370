"""Programs and data with line numbers, and the few colours that help reading.

The colours come from one pass of one expression whose alternatives cannot be matched in two ways,
so no input makes it slow; a library that knows hundreds of languages cannot promise that.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from aibc.web.previews.text import Body, shown_lines

MAX_COLOURED_CHARACTERS = 200_000

_STRING = r'"(?:[^"\\\n]++|\\.)*+"?'
_PYTHON = re.compile(
    rf"""
    (?P<comment>\#[^\n]*+)
    |(?P<string>[rbfutRBFUT]{{0,2}}+(?:
        \"\"\"(?:[^"\\]++|\\.|"(?!""))*+(?:\"\"\")?
        |'''(?:[^'\\]++|\\.|'(?!''))*+(?:''')?
        |{_STRING}
        |'(?:[^'\\\n]++|\\.)*+'?
    ))
    |(?P<number>\d[\w.]*+)
    |(?P<word>[^\W\d]\w*+)
    """,
    re.VERBOSE | re.DOTALL,
)
_JSON = re.compile(
    rf"(?P<string>{_STRING})|(?P<number>-?\d[\d.eE+-]*+)|(?P<word>[a-zA-Z]++)", re.DOTALL
)
_WORDS = {_PYTHON: frozenset(keyword.kwlist), _JSON: frozenset({"true", "false", "null"})}
_LANGUAGES = {"python": _PYTHON, "py": _PYTHON, "ipython3": _PYTHON, "json": _JSON}


def code(text: str, language: str = "") -> Body:
    """The text with numbered lines, coloured where we know the language."""
    lines, notes = shown_lines(text)
    return Body(_listing("code numbered", lines, language), notes)


def block(text: str, language: str = "") -> Markup:
    """A piece of code within something else: without numbers."""
    return _listing("code", shown_lines(text)[0], language)


def _listing(name: str, lines: list[str], language: str) -> Markup:
    """Each line an element of its own, so that a style can number them."""
    expression = _LANGUAGES.get(language.lower())
    if expression is not None and sum(map(len, lines)) <= MAX_COLOURED_CHARACTERS:
        escaped = "".join(_tokens("\n".join(lines), expression)).split("\n")
    else:
        escaped = [escape(line) for line in lines]
    listed = "\n".join(f"<span>{line}</span>" for line in escaped)
    return Markup(f'<pre class="{name}"><code>{listed}</code></pre>')  # noqa: S704  # escaped


def _tokens(text: str, expression: re.Pattern[str]) -> Iterator[str]:
    end = 0
    for found in expression.finditer(text):
        yield escape(text[end : found.start()])
        end = found.end()
        kind = found.lastgroup or ""
        if kind == "word":
            kind = "keyword" if found[0] in _WORDS[expression] else ""
        yield from _spans(found[0], kind) if kind else (escape(found[0]),)
    yield escape(text[end:])


def _spans(token: str, kind: str) -> Iterator[str]:
    """The token in elements that each end with their line."""
    for number, line in enumerate(token.split("\n")):
        yield "\n" if number else ""
        yield f'<i class="{kind}">{escape(line)}</i>'
