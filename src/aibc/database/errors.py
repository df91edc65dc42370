"""What the database says, in the product's words.

AibcError
├── DatabaseUnavailable   the server cannot be reached, is shutting down or did not answer in time
│   └── Overloaded        far more is asked of it than it can do
├── InvalidText           a text holds a character PostgreSQL cannot keep
└── RuleViolation         a function or trigger refused: SQLSTATE ZBnnn, nnn is the HTTP status

Functions of the schema refuse with
`RAISE EXCEPTION USING ERRCODE = 'ZB409', CONSTRAINT = 'already_reviewed', MESSAGE = '<sentence>'`:
the stable code travels as the constraint's name, the sentence as the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import asyncpg

from aibc.errors import AibcError, FieldError

_RULE_STATE = re.compile(r"ZB([45]\d\d)")
CROSSED_STATES = frozenset({"40P01", "40001"})  # deadlock_detected, serialization_failure
# Nobody is there who takes a connection; in a moment somebody may be.
NOT_THERE_YET = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
)

_UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver lost track of a connection that was dying
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DiskFullError,
    asyncpg.PostgresSystemError,  # its disk fails it, as when the power goes
    ConnectionError,
    TimeoutError,
    OSError,
)


class DatabaseUnavailable(AibcError):
    """The database is not answering at the moment. Please try again in a few seconds."""

    code = "database_unavailable"
    status = 503

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "2"})


class Overloaded(DatabaseUnavailable):
    """Very many people are at work at the moment. Please try again in a few seconds."""

    code = "overloaded"

    def __init__(self) -> None:
        super().__init__()
        self.headers = {"Retry-After": "5"}


class InvalidText(AibcError):
    """A text in the request holds a character that cannot be stored, such as NUL."""

    code = "invalid_text"
    status = 422


class RuleViolation(AibcError):
    """A rule kept by the database refused the change."""

    code: str  # type: ignore[misc]  # per instance: the database names it
    status: int  # type: ignore[misc]

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


def was_refused(error: BaseException | None) -> bool:
    """Whether the server said, with its last words, that it did not carry the statement out.

    After a crash it says that it does not know.
    """
    refusals = (asyncpg.AdminShutdownError, asyncpg.CannotConnectNowError)
    return error is not None and (isinstance(error, refusals) or was_refused(error.__cause__))


class _TranslatedErrors(AbstractContextManager[None]):
    """Holds nothing, so that one serves every statement: entering a fresh one costs more."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, asyncpg.PostgresError):
            raise _translate(error) from error
        if isinstance(error, _UNAVAILABLE):
            raise DatabaseUnavailable from error


_TRANSLATED_ERRORS = _TranslatedErrors()


def translated_errors() -> AbstractContextManager[None]:
    """Raise the product's errors in place of the driver's."""
    return _TRANSLATED_ERRORS


@contextmanager
def blamed_on(field: str) -> Iterator[None]:
    """Name the field of the request where a rule of the database says that its value is wrong."""
    try:
        yield
    except RuleViolation as violation:
        if violation.status == 422:
            violation.errors = [FieldError(field=field, message=violation.detail)]
        raise


def _translate(error: asyncpg.PostgresError) -> Exception:
    rule = _RULE_STATE.fullmatch(error.sqlstate or "")
    if rule:
        return RuleViolation(int(rule[1]), error.constraint_name or "refused", error.message or "")
    if isinstance(
        error, asyncpg.CharacterNotInRepertoireError | asyncpg.UntranslatableCharacterError
    ):
        return InvalidText()
    return DatabaseUnavailable() if isinstance(error, _UNAVAILABLE) else error
