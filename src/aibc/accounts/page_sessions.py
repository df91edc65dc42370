"""Sessions of the web pages: the same rows as those of the API, carried by a cookie of our own.

The cookie holds a signed token of a kind that the API refuses, as the pages refuse the API's.
Forms carry a token bound to the session, so that no other site can send them for somebody.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from aibc.accounts.actors import Actor, admit
from aibc.accounts.emails import email_key
from aibc.accounts.sign_in import Attempt, Door, prove
from aibc.accounts.tokens import Tokens
from aibc.database.pool import Connection, Database
from aibc.database.queries import load_queries
from aibc.http.access import AccessRule, Caller
from aibc.http.errors import InvalidToken

_QUERIES = load_queries(__package__)
_VISITOR = _QUERIES["read_visitor"]


@dataclass(frozen=True)
class SignedInPerson:
    """Somebody whom the database has admitted to a page, and how the page may call them."""

    actor: Actor
    full_name: str
    email: str


async def sign_in_to_pages(door: Door, email: str, password: str, address: str) -> str:
    """A new session; the token for its cookie. Raises WrongSignIn, SignInLocked or
    AccountSuspended."""

    async def begin(connection: Connection, user_id: UUID) -> str:
        session_id = uuid4()
        await connection.execute(
            _QUERIES["open_page_session"], session_id, user_id, door.tokens.refresh_lifetime
        )
        return door.tokens.issue_page(user_id, session_id)

    return await prove(door, Attempt(email_key(email), address, password), begin)


async def end_page_session(database: Database, tokens: Tokens, token: str) -> None:
    """Sign out the session of a cookie. What is no token, or has ended, is left as it is."""
    try:
        claims = tokens.verify_page(token)
    except InvalidToken:
        return
    await database.execute(_QUERIES["revoke_session"], claims.session_id)


async def identify_visitor(
    database: Database, tokens: Tokens, token: str, rule: AccessRule
) -> SignedInPerson:
    """Who a cookie's token stands for, if `rule` lets them in.

    Raises InvalidToken, SessionEnded, AccountSuspended or RoleRefused.
    """
    claims = tokens.verify_page(token)
    row = await database.fetch_row(_VISITOR, claims.session_id, claims.user_id)
    actor = admit(Caller(claims.user_id, claims.session_id, rule), row)
    assert row is not None, "nobody is admitted without a row"  # noqa: S101
    return SignedInPerson(actor, row["full_name"], row["email"])
