"""What changed between two attempts: lines removed and added, and the words within them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from aibc.web.previews.differences import Run, differences
from aibc.web.previews.text import MAX_LINE_CHARACTERS, MAX_LINES, Body, only, shortened

MAX_CHANGED_LINES = 1_500
CONTEXT_LINES = 3
MAX_STEPS = 1_500_000
# Within a line: beyond this the whole of it has changed.
_MAX_CHANGED_WORDS = 60
_MAX_WORD_STEPS = 3_000
_WORD = re.compile(r"\w+|\s+|[^\w\s]")

TOO_LARGE = "These files are too large to be compared here; look at them side by side."
TOO_DIFFERENT = "The two attempts have too little in common to be compared line by line."
NO_CHANGE = "Nothing changed in the text between these two attempts."


def comparison(earlier: list[str], later: list[str]) -> Body:
    """The changed lines with a little of what stands around them."""
    if max(len(earlier), len(later)) > MAX_LINES:
        return only(TOO_LARGE)
    runs = differences(earlier, later, max_changes=MAX_CHANGED_LINES, max_steps=MAX_STEPS)
    if runs is None:
        return only(TOO_DIFFERENT)
    if all(run.same for run in runs):
        return only(NO_CHANGE)
    rows = "".join(_rows(earlier, later, runs))
    head = (
        '<thead><tr><th scope="col">Before</th><th scope="col">Now</th>'
        '<th scope="col">What changed</th></tr></thead>'
    )
    return Body(
        Markup(f'<table class="changes">{head}<tbody>{rows}</tbody></table>')  # noqa: S704  # escaped
    )


def _rows(earlier: list[str], later: list[str], runs: list[Run]) -> Iterator[str]:
    for index, run in enumerate(runs):
        if run.same:
            yield from _unchanged(earlier, run, is_first=index == 0, is_last=run is runs[-1])
        else:
            yield from _changed(earlier, later, run)


def _unchanged(lines: list[str], run: Run, *, is_first: bool, is_last: bool) -> Iterator[str]:
    """The lines beside a change; those further away are counted."""
    start, end = run.earlier
    shift = run.later[0] - start
    above = start if is_first else min(end, start + CONTEXT_LINES)
    below = end if is_last else max(above, end - CONTEXT_LINES)
    for number in range(start, above):
        yield _row("", number + 1, number + 1 + shift, escape(_cut(lines[number])))
    if below > above:
        count = below - above
        words = f"{count:,} unchanged {'line' if count == 1 else 'lines'}"
        yield f'<tr class="fold"><td></td><td></td><td>{words}</td></tr>'
    for number in range(below, end):
        yield _row("", number + 1, number + 1 + shift, escape(_cut(lines[number])))


def _changed(earlier: list[str], later: list[str], run: Run) -> Iterator[str]:
    removed = [_cut(line) for line in earlier[slice(*run.earlier)]]
    added = [_cut(line) for line in later[slice(*run.later)]]
    pairs = [_emphasised(*pair) for pair in zip(removed, added, strict=False)]
    old = [before for before, _ in pairs] + [escape(line) for line in removed[len(pairs) :]]
    new = [after for _, after in pairs] + [escape(line) for line in added[len(pairs) :]]
    for number, line in enumerate(old, start=run.earlier[0] + 1):
        yield _row("removed", number, None, Markup("<del>{}</del>").format(line))
    for number, line in enumerate(new, start=run.later[0] + 1):
        yield _row("added", None, number, Markup("<ins>{}</ins>").format(line))


def _emphasised(before: str, after: str) -> tuple[Markup, Markup]:
    """Both lines, with what differs between them set off."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    runs = differences(old, new, max_changes=_MAX_CHANGED_WORDS, max_steps=_MAX_WORD_STEPS)
    if runs is None or not any(run.same for run in runs):
        return escape(before), escape(after)
    return (
        Markup().join(_words(old[slice(*run.earlier)], run) for run in runs),
        Markup().join(_words(new[slice(*run.later)], run) for run in runs),
    )


def _words(words: list[str], run: Run) -> Markup:
    text = escape("".join(words))
    return text if run.same or not words else Markup("<b>{}</b>").format(text)


def _row(kind: str, before: int | None, after: int | None, line: Markup) -> str:
    return (
        f'<tr class="{kind}"><td>{before or ""}</td><td>{after or ""}</td>'
        f"<td><code>{line}</code></td></tr>"
    )


def _cut(line: str) -> str:
    return shortened(line, MAX_LINE_CHARACTERS)
