"""Making an account, and proving a password with wrong ones counted exactly, however many come.

The slow part, argon2, runs before any lock is taken. The decision falls in one short transaction
that holds the counters: a guess that was right but arrives after the lock fell is refused too.
These functions take the Database rather than a Connection, because no connection may wait while
a password is hashed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from aibc.accounts.emails import email_key
from aibc.accounts.errors import SignInLocked, WrongPassword, WrongSignIn
from aibc.accounts.passwords import Passwords
from aibc.accounts.schemas import SignUp
from aibc.accounts.service import NewAccount, claim_signup, create_account
from aibc.accounts.sessions import open_session
from aibc.accounts.tables import users
from aibc.accounts.tokens import TokenPair, Tokens
from aibc.database.pool import Connection, Database, Record
from aibc.database.queries import load_queries
from aibc.database.statements import render
from aibc.http.errors import AccountSuspended, SessionEnded
from aibc.settings import SignInSettings

Result = TypeVar("Result")
Continuation = Callable[[Connection, UUID], Awaitable[Result]]

_QUERIES = load_queries(__package__)


@dataclass(frozen=True)
class Door:
    """What a password is checked with."""

    database: Database
    passwords: Passwords
    tokens: Tokens
    limits: SignInSettings


@dataclass(frozen=True)
class Attempt:
    """One password for one e-mail from one address."""

    key: str
    address: str
    password: str


@dataclass(frozen=True)
class _Verdict:
    """The account whose password fits, or None; and the hash it was compared with."""

    user_id: UUID | None
    password_hash: str | None


async def sign_in(door: Door, email: str, password: str, address: str) -> TokenPair:
    """A new session. Raises WrongSignIn, SignInLocked or AccountSuspended."""

    async def begin(connection: Connection, user_id: UUID) -> TokenPair:
        return await open_session(connection, door.tokens, user_id)

    return await prove(door, Attempt(email_key(email), address, password), begin)


async def sign_up(door: Door, wanted: SignUp, address: str) -> Record:
    """The profile of a new account. Raises TooManySignups or EmailTaken."""
    async with door.database.transaction() as connection:
        await claim_signup(connection, address, door.limits.signups_per_hour)
    password_hash = await door.passwords.hash(wanted.password)
    account = NewAccount(wanted.email, wanted.full_name, password_hash)
    async with door.database.transaction() as connection:
        return await create_account(connection, account)


async def change_password(door: Door, user_id: UUID, current: str, new: str, address: str) -> None:
    """Replace the password and end every session. Raises WrongPassword or SignInLocked."""
    key = await door.database.fetch_value(*_email_key_of(user_id))
    if key is None:
        raise SessionEnded
    new_hash = await door.passwords.hash(new)

    async def replace(connection: Connection, proven_id: UUID) -> None:
        await replace_password(connection, proven_id, new_hash)

    try:
        await prove(door, Attempt(key, address, current), replace)
    except WrongSignIn:
        raise WrongPassword from None


async def replace_password(connection: Connection, user_id: UUID, new_hash: str) -> None:
    """Store a new hash and end every session of the account."""
    text, arguments = render(
        users.update().where(users.c.id == user_id).values(password_hash=new_hash)
    )
    await connection.execute(text, *arguments)
    await connection.execute(_QUERIES["revoke_sessions_of_user"], user_id)


async def prove(door: Door, attempt: Attempt, then: Continuation[Result]) -> Result:
    """Run `then` in the transaction in which the password was accepted."""
    verdict = await _compare(door, attempt)
    async with door.database.transaction() as connection:
        seconds = await _hold_counters(connection, attempt)
        if seconds:
            raise SignInLocked(seconds)
        if verdict.user_id is not None and await _still_stands(connection, verdict):
            await connection.execute(_QUERIES["clear_failures"], attempt.key, attempt.address)
            return await then(connection, verdict.user_id)
        await _count_failure(connection, attempt, door.limits)
    raise WrongSignIn  # after the commit: the failure must stay counted


async def _compare(door: Door, attempt: Attempt) -> _Verdict:
    """Compare the password; locked, unknown and wrong all take as long as right."""
    row = await door.database.fetch_row(_QUERIES["look_at_sign_in"], attempt.key, attempt.address)
    if row is None:
        raise AssertionError("unreachable: the statement always answers one row")
    fits = await door.passwords.verify(attempt.password, row["password_hash"])
    if row["seconds"]:
        raise SignInLocked(row["seconds"])
    return _Verdict(row["id"] if fits else None, row["password_hash"])


async def _hold_counters(connection: Connection, attempt: Attempt) -> int:
    """Lock both counters; answers for how many seconds the sign-in is locked, or 0."""
    rows = await connection.fetch(_QUERIES["hold_failures"], attempt.key, attempt.address)
    return max(0, *(row["seconds"] or 0 for row in rows))


async def _still_stands(connection: Connection, verdict: _Verdict) -> bool:
    status = await connection.fetchval(
        _QUERIES["hold_account"], verdict.user_id, verdict.password_hash
    )
    if status == "suspended":
        raise AccountSuspended
    return status is not None


async def _count_failure(connection: Connection, attempt: Attempt, limits: SignInSettings) -> None:
    await connection.execute(
        _QUERIES["count_failure"],
        attempt.key,
        attempt.address,
        timedelta(minutes=limits.lockout_minutes),
        limits.max_login_attempts,
        limits.max_login_attempts_per_email,
    )


def _email_key_of(user_id: UUID) -> tuple[str, UUID]:
    text, (argument,) = render(
        users.select().with_only_columns(users.c.email_key).where(users.c.id == user_id)
    )
    return text, argument
