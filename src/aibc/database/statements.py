"""Typed one-table statements: written with SQLAlchemy, sent by asyncpg.

SQLAlchemy describes the tables and writes the SQL; the pool, the transaction and the result
stay asyncpg's, so that there is one pool and one kind of row (docs/decisions).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.sql import Executable

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]


def render(statement: Executable) -> tuple[str, list[Any]]:
    """The statement's text with `$1…` and its arguments in order, for `fetch(text, *args)`."""
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
    )
    return str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]
