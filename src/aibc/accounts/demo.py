"""The demo accounts of a database that never leaves this machine."""

from __future__ import annotations

from contextlib import suppress

from aibc.accounts.demo_sign_ins import DEMO_PASSWORD
from aibc.accounts.emails import email_key
from aibc.accounts.errors import EmailTaken
from aibc.accounts.passwords import Passwords
from aibc.accounts.service import NewAccount, create_account
from aibc.accounts.tables import users
from aibc.database.pool import Connection
from aibc.database.statements import render

DEMO_ACCOUNTS = (
    ("learner@example.com", "Lena Learner", "student"),
    ("instructor@example.com", "Ivo Instructor", "instructor"),
    ("admin@example.com", "Ada Admin", "admin"),
)


async def create_demo_users(connection: Connection, passwords: Passwords) -> None:
    """Make the demo accounts that are missing; those that stand are left as they are."""
    for email, full_name, role in DEMO_ACCOUNTS:
        if await _is_taken(connection, email):
            continue
        password_hash = await passwords.hash(DEMO_PASSWORD)
        account = NewAccount(email, full_name, password_hash, True, role, True)
        with suppress(EmailTaken):  # another process has just made it
            await create_account(connection, account)


async def _is_taken(connection: Connection, email: str) -> bool:
    key = email_key(email)
    statement = users.select().with_only_columns(users.c.id).where(users.c.email_key == key)
    text, arguments = render(statement)
    return await connection.fetchval(text, *arguments) is not None
