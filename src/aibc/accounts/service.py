"""Making accounts, reading and changing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aibc.accounts.emails import email_key
from aibc.accounts.errors import EmailTaken, LastAdmin, TooManySignups, UserNotFound
from aibc.accounts.schemas import UserChange, UserFilter
from aibc.accounts.tables import audit_log, users
from aibc.database.pool import Connection, Record
from aibc.database.queries import load_queries
from aibc.database.statements import render

_QUERIES = load_queries(__package__)
MOST_CHANGES = 100
_PROFILE = (
    users.c.id,
    users.c.email,
    users.c.full_name,
    users.c.email_verified,
    users.c.created_at,
    users.c.account_status,
    users.c.onboarding_completed,
    users.c.role,
)


@dataclass(frozen=True)
class NewAccount:
    """An account to make. Only the command line and the demo choose more than the first three."""

    email: str
    full_name: str
    password_hash: str | None
    email_verified: bool = False
    role: str = "student"
    is_demo: bool = False


@dataclass(frozen=True)
class Author:
    """Who makes a change: a signed-in administrator, or somebody at the command line (None)."""

    user_id: UUID | None
    request_id: str | None = None


async def claim_signup(connection: Connection, address: str, per_hour: int) -> None:
    """Count one sign-up from an address. Raises TooManySignups above the limit of an hour."""
    await connection.execute(_QUERIES["queue_signups"], address)
    seconds = await connection.fetchval(_QUERIES["claim_signup"], address, per_hour)
    if seconds is not None:
        raise TooManySignups(seconds)


async def create_account(connection: Connection, account: NewAccount) -> Record:
    """The new account's profile. Raises EmailTaken."""
    row = await connection.fetchrow(
        _QUERIES["create_user"],
        account.email,
        email_key(account.email),
        account.full_name,
        account.password_hash,
        account.email_verified,
        account.role,
        account.is_demo,
    )
    if row is None:
        raise EmailTaken
    return row


async def read_profile(connection: Connection, user_id: UUID) -> Record:
    """The profile of an account. Raises UserNotFound."""
    statement = users.select().with_only_columns(*_PROFILE).where(users.c.id == user_id)
    return await _one(connection, statement)


async def find_profile(connection: Connection, email: str) -> Record:
    """The profile of the account with an e-mail. Raises UserNotFound."""
    key = email_key(email)
    statement = users.select().with_only_columns(*_PROFILE).where(users.c.email_key == key)
    return await _one(connection, statement)


async def find_account(connection: Connection, email_or_id: str) -> Record:
    """The profile of the account that somebody names by e-mail or id. Raises UserNotFound."""
    try:
        user_id = UUID(email_or_id)
    except ValueError:
        return await find_profile(connection, email_or_id)
    return await read_profile(connection, user_id)


async def complete_onboarding(connection: Connection, user_id: UUID) -> Record:
    """Note that the person has been shown around; the profile after that."""
    statement = users.update().where(users.c.id == user_id).values(onboarding_completed=True)
    return await _one(connection, statement.returning(*_PROFILE))


async def list_accounts(connection: Connection, wanted: UserFilter) -> tuple[int, list[Record]]:
    """How many accounts match in all, and one page of them, newest first."""
    matching = (wanted.search, wanted.role, wanted.account_status)
    total = await connection.fetchval(_QUERIES["count_users"], *matching)
    rows = await connection.fetch(_QUERIES["list_users"], *matching, wanted.limit, wanted.offset)
    return total, rows


async def change_account(
    connection: Connection, user_id: UUID, change: UserChange, author: Author
) -> Record:
    """Change role or state and write it down. Raises UserNotFound or LastAdmin.

    Nothing else is touched: sessions read both with their next request.
    """
    admins = {row["id"] for row in await connection.fetch(_QUERIES["hold_admins"])}
    before = await _one(connection, _held_profile(user_id))
    after = change.model_dump(exclude_none=True)
    if admins == {user_id} and _stops_being_admin(after):
        raise LastAdmin
    old = {name: before[name] for name in after}
    if old == after:
        return before
    statement = users.update().where(users.c.id == user_id).values(**after).returning(*_PROFILE)
    row = await _one(connection, statement)
    await write_down(connection, author, "user.change", user_id, old, after)
    return row


async def list_changes(connection: Connection, user_id: UUID) -> list[Record]:
    """Who changed what of an account, newest first, as far as a page goes."""
    return await connection.fetch(_QUERIES["changes_of_account"], user_id, MOST_CHANGES)


async def record_creation(connection: Connection, row: Record, author: Author) -> None:
    """Write down an account that was made by somebody else than its owner."""
    made = {"role": row["role"], "account_status": row["account_status"]}
    await write_down(connection, author, "user.create", row["id"], None, made)


async def record_new_password(connection: Connection, user_id: UUID, author: Author) -> None:
    """Write down that somebody else than the owner has set a password; never which."""
    await write_down(connection, author, "user.password", user_id, None, {})


async def forget_expired(connection: Connection) -> dict[str, int]:
    """Remove sessions, tokens and counters that no longer say anything; how many of each."""
    row = await connection.fetchrow(_QUERIES["forget_expired"])
    return dict(row) if row else {}


def _held_profile(user_id: UUID) -> Any:
    statement = users.select().with_only_columns(*_PROFILE).where(users.c.id == user_id)
    return statement.with_for_update(key_share=True)


def _stops_being_admin(after: dict[str, Any]) -> bool:
    return after.get("role", "admin") != "admin" or after.get("account_status") == "suspended"


async def write_down(
    connection: Connection,
    author: Author,
    action: str,
    subject_id: UUID | None,
    old: dict[str, Any] | None,
    new: dict[str, Any],
) -> None:
    """Keep a sensitive act in the audit log, in the transaction that does it."""
    statement = audit_log.insert().values(
        actor_id=author.user_id,
        action=action,
        subject_id=subject_id,
        old_value=old,
        new_value=new,
        request_id=author.request_id,
    )
    text, arguments = render(statement)
    await connection.execute(text, *arguments)


async def _one(connection: Connection, statement: Any) -> Record:
    text, arguments = render(statement)
    row = await connection.fetchrow(text, *arguments)
    if row is None:
        raise UserNotFound
    return row
