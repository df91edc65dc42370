"""Logs: one JSON object a line on standard error, nothing in it that could forge another."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import structlog

# JSON escapes what lies below U+0020; these also end lines or steer terminals.
_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


_request_id: ContextVar[str | None] = ContextVar("aibc_request_id", default=None)


def log_under(request_id: str) -> None:
    """Let whatever is logged from here on, in this context, name the request."""
    _request_id.set(request_id)


def configure_logging(level: str) -> None:
    """Send the product's events and the libraries' messages to standard error as JSON."""
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            _with_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _to_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_names: _StandardError(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LibraryFormatter())
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


def describe_fault(error: BaseException) -> dict[str, Any]:
    """What to log of an unexpected exception: kind and places, never values.

    The message of a validation or database error repeats what a person typed, so it stays out.
    """
    described: dict[str, Any] = {
        "fault": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ],
    }
    if isinstance(error, asyncpg.PostgresError):
        described["sqlstate"] = error.sqlstate
        described["constraint"] = getattr(error, "constraint_name", None)
    return described


def to_line(event: dict[str, Any]) -> bytes:
    """The event as JSON in one line."""
    line = orjson.dumps(event, default=str)
    if line.isascii() and b"\x7f" not in line:
        return line
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", line.decode()).encode()


def _with_request_id(_: Any, __: str, event: structlog.typing.EventDict) -> Any:
    request_id = _request_id.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


def _to_line(_: Any, __: str, event: structlog.typing.EventDict) -> bytes:
    return to_line(dict(event))


class _StandardError:
    """Writes whole lines, wherever standard error leads at that moment."""

    def msg(self, line: bytes) -> None:
        sys.stderr.buffer.write(line + b"\n")
        sys.stderr.buffer.flush()

    debug = info = warning = error = critical = msg


class _LibraryFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.exc_info and record.exc_info[1]:
            event |= describe_fault(record.exc_info[1])
        return to_line(event).decode()
