"""What a service asks of the database, by the server's own log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.postgres import Postgres

# To the database and not the session, so that it holds for every connection from now on.
_SETTINGS = {"log_statement": "all", "log_error_verbosity": "default"}
_ENTRY = re.compile(r"^\S+ \S+ \S+ \[\d+\] (LOG|DETAIL):\s+(.*)", re.DOTALL)
_STARTS = re.compile(r"(?m)^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_STATEMENT = re.compile(r"(?:statement|execute [^:]*): (.*)", re.DOTALL)
_PARAMETER = re.compile(r"\$(\d+) = (?:(NULL)|'((?:[^']|'')*)')")


@dataclass(frozen=True)
class Statement:
    """One statement as the server executed it; a parameter is None for NULL."""

    text: str
    parameters: tuple[str | None, ...] = ()


@contextmanager
def logged_statements(postgres: Postgres, database: str) -> Iterator[None]:
    """Let connections that are opened within the block log everything they execute."""
    for name, value in _SETTINGS.items():
        postgres.run(f"ALTER DATABASE \"{database}\" SET {name} = '{value}'")
    try:
        yield
    finally:
        for name in _SETTINGS:
            postgres.run(f'ALTER DATABASE "{database}" RESET {name}')


def statements_of(
    log: Path, act: Callable[[], object], prepare: Callable[[], None], times: int = 5
) -> list[Statement]:
    """What one `act` executes: the commonest answer of several, as housekeeping runs beside it.

    `prepare` runs before each and is not counted.
    """
    seen: list[list[Statement]] = []
    for _ in range(times):
        prepare()
        begin = log.stat().st_size
        act()
        with log.open("rb") as file:
            file.seek(begin)
            seen.append(list(parse(file.read().decode(errors="replace"))))
    usual, _ = Counter(len(statements) for statements in seen).most_common(1)[0]
    return next(statements for statements in reversed(seen) if len(statements) == usual)


def parse(text: str) -> Iterator[Statement]:
    """The statements in a piece of the log, in order."""
    waiting: str | None = None
    for entry in _STARTS.split(text):
        found = _ENTRY.match(entry)
        if found is None:
            continue
        kind, words = found.groups()
        if kind == "DETAIL":
            if waiting is not None:
                yield Statement(waiting, _parameters(words))
                waiting = None
            continue
        if waiting is not None:
            yield Statement(waiting)
        statement = _STATEMENT.match(words)
        waiting = statement[1].replace("\n\t", "\n").strip() if statement else None
    if waiting is not None:
        yield Statement(waiting)


def _parameters(words: str) -> tuple[str | None, ...]:
    return tuple(
        None if null else value.replace("''", "'") for _, null, value in _PARAMETER.findall(words)
    )
