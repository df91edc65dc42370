"""Named SQL statements, kept in `queries.sql` beside the code that sends them.

A statement starts with a line `-- name: list_submissions` and may be followed by comment
lines that say what it is for. Everything up to the next name is sent as it stands.
"""

from __future__ import annotations

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


class Queries:
    """The statements of one file. `queries["name"]` fails when absent: look names up on import."""

    def __init__(self, source: str, text: str) -> None:
        parts: list[str] = _NAME.split(text)
        names = parts[1::2]
        if len(names) != len(set(names)):
            raise ValueError(f"{source} names a statement twice")
        self._source = source
        self._statements = dict(zip(names, (body.strip() for body in parts[2::2]), strict=True))

    def __getitem__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise KeyError(f"{self._source} has no statement named {name}") from None


def load_queries(package: str, file_name: str = "queries.sql") -> Queries:
    """Read the statements of `package` (pass `__package__`)."""
    text = files(package).joinpath(file_name).read_text(encoding="utf-8")
    return Queries(f"{package}/{file_name}", text)
