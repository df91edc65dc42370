"""Who is asking. A route names one of these types in its signature, or the service does not start.

    async def submit(actor: Learner, …)      anybody who is signed in
    async def review(actor: Staff, …)        instructors and administrators
    async def list_users(actor: Admin, …)    administrators
    @router.get(…, dependencies=[Public])    everybody

A hot read gets a `Caller` instead; its statement also selects what `read_caller` (queries.sql)
selects, and it hands the row to `admit`. A hot write's statement judges the caller by the same
rule before it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from aibc.database.pool import Record
from aibc.database.queries import load_queries
from aibc.http.access import AccessRule, Caller, marks_access
from aibc.http.access import Public as Public
from aibc.http.context import get_state
from aibc.http.errors import AccountSuspended, RoleRefused, SessionEnded
from aibc.http.request_info import info_of

Role = Literal["student", "instructor", "admin"]

LEARNER = AccessRule("learner", frozenset({"student", "instructor", "admin"}))
STAFF = AccessRule("staff", frozenset({"instructor", "admin"}))
ADMIN = AccessRule("admin", frozenset({"admin"}))

_QUERIES = load_queries(__package__)
_CALLER = _QUERIES["read_caller"]


@dataclass(frozen=True)
class Actor:
    """Somebody whom the database has admitted for this request."""

    user_id: UUID
    session_id: UUID
    role: Role

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF.roles

    @property
    def is_admin(self) -> bool:
        return self.role in ADMIN.roles


def admit(caller: Caller, row: Record | None) -> Actor:
    """Judge the row of the caller's session.

    `row` is None, or holds NULLs, where no session stands; otherwise its columns `caller_role`
    and `caller_status` are those of the account. Raises SessionEnded, AccountSuspended or
    RoleRefused.
    """
    if row is None or row["caller_role"] is None:
        raise SessionEnded
    if row["caller_status"] != "active":
        raise AccountSuspended
    if row["caller_role"] not in caller.rule.roles:
        raise RoleRefused
    caller.admitted = True
    return Actor(caller.user_id, caller.session_id, cast(Role, row["caller_role"]))


async def judge(request: Request, caller: Caller) -> Actor:
    """Admit the caller by a statement of its own."""
    row = await get_state(request).database.fetch_row(
        _CALLER, caller.session_id, caller.user_id, repeatable=True
    )
    return admit(caller, row)


def _requires(rule: AccessRule) -> Callable[[Request], Coroutine[Any, Any, Actor]]:
    @marks_access(rule)
    async def actor(request: Request) -> Actor:
        identity = get_state(request).tokens.identify(request.headers.get("authorization"))
        info_of(request.scope).user_id = identity.user_id
        return await judge(request, Caller(identity.user_id, identity.session_id, rule))

    return actor


Learner = Annotated[Actor, Depends(_requires(LEARNER))]
Staff = Annotated[Actor, Depends(_requires(STAFF))]
Admin = Annotated[Actor, Depends(_requires(ADMIN))]
