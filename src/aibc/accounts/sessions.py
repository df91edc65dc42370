"""Sessions: opened by a sign-in, carried on by refresh tokens, ended by sign-out and suspicion.

A refresh token is used once. The tabs of one browser however refresh at the same moment with the
same token, so for 30 seconds after its first use up to five uses are answered, each with a pair
of the same family. Any later use means that two parties hold the token: the family ends.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from aibc.accounts.errors import RefreshRefused
from aibc.accounts.tokens import TokenPair, Tokens, token_hash
from aibc.database.errors import DatabaseUnavailable
from aibc.database.pool import Connection, Database
from aibc.database.queries import load_queries
from aibc.http.errors import AccountSuspended, InvalidToken

USES_OF_ONE_TOKEN = 5
GRACE = timedelta(seconds=30)
PATIENCE_SECONDS = 5.0
PAUSE_SECONDS = 0.1

_QUERIES = load_queries(__package__)


async def open_session(connection: Connection, tokens: Tokens, user_id: UUID) -> TokenPair:
    """A new session and its first pair of tokens."""
    session_id = uuid4()
    pair = tokens.issue(user_id, session_id)
    await connection.execute(
        _QUERIES["open_session"],
        session_id,
        user_id,
        token_hash(pair.refresh_token),
        tokens.refresh_lifetime,
    )
    return pair


async def refresh(database: Database, tokens: Tokens, token: str) -> TokenPair:
    """The next pair of a family, by `token`. Raises RefreshRefused or AccountSuspended.

    Any error signs the client out, so a database that is gone is waited for, for up to five
    seconds, before DatabaseUnavailable is raised.
    """
    try:
        tokens.verify_refresh(token)
    except InvalidToken:
        raise RefreshRefused from None
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            async with asyncio.timeout(max(deadline - monotonic(), 0)):
                return await _refresh_once(database, tokens, token)
        except (DatabaseUnavailable, TimeoutError):
            if monotonic() + PAUSE_SECONDS >= deadline:
                raise DatabaseUnavailable from None
        await asyncio.sleep(PAUSE_SECONDS)


async def end_session(database: Database, tokens: Tokens, token: str) -> None:
    """Sign out the family of a refresh token. What has ended already stays ended, silently."""
    try:
        claims = tokens.verify_refresh(token)
    except InvalidToken:
        raise RefreshRefused from None
    await database.execute(_QUERIES["revoke_session"], claims.session_id)


async def _refresh_once(database: Database, tokens: Tokens, token: str) -> TokenPair:
    async with database.transaction() as connection:
        row = await connection.fetchrow(
            _QUERIES["hold_refresh_token"], token_hash(token), USES_OF_ONE_TOKEN, GRACE
        )
        pair = await _judge(connection, tokens, token, row)
    # Raised after the commit: a family that ends must stay ended.
    if pair is None:
        raise RefreshRefused
    return pair


async def _judge(connection: Connection, tokens: Tokens, token: str, row: Any) -> TokenPair | None:
    if row is None or not row["stands"]:
        return None
    if not row["is_usable"]:
        await connection.execute(_QUERIES["revoke_session"], row["session_id"])
        return None
    if row["account_status"] != "active":
        raise AccountSuspended
    pair = tokens.issue(row["user_id"], row["session_id"])
    await connection.execute(
        _QUERIES["rotate_refresh_token"],
        token_hash(token),
        row["session_id"],
        token_hash(pair.refresh_token),
        tokens.refresh_lifetime,
    )
    return pair
