"""/api/v1/users: one's own account, and for administrators all."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from aibc.accounts import service
from aibc.accounts.actors import Admin, Learner, admit
from aibc.accounts.schemas import User, UserChange, UserFilter, UserList
from aibc.database.pool import Record
from aibc.database.queries import load_queries
from aibc.http.access import Caller
from aibc.http.context import DatabaseDep, get_database
from aibc.http.hot import HotRoutes
from aibc.http.openapi import problems
from aibc.http.request_info import RequestIdDep

_QUERIES = load_queries(__package__)

hot = HotRoutes("/api/v1/users", ["users"])
router = APIRouter(tags=["users"])


@hot.get("/me", actor=Learner, response_model=User, summary="Who am I?", is_conditional=False)
async def read_me(request: Request, caller: Caller) -> Response:
    """The account of the access token."""
    return await _own_profile(request, caller)


@hot.get("/profile", actor=Learner, response_model=User, summary="My profile", is_conditional=False)
async def read_my_profile(request: Request, caller: Caller) -> Response:
    """The same as `me`."""
    return await _own_profile(request, caller)


@router.post("/onboarding/complete", summary="I have been shown around")
async def complete_onboarding(actor: Learner, database: DatabaseDep) -> User:
    """Notes that the introduction needs no second showing; repeating it changes nothing."""
    async with database.transaction() as connection:
        return _user(await service.complete_onboarding(connection, actor.user_id))


@router.get("", summary="List accounts")
async def list_users(
    actor: Admin,  # noqa: ARG001  # names who may call
    database: DatabaseDep,
    wanted: Annotated[UserFilter, Query()],
) -> UserList:
    """Newest first, by pages; `total` counts all that match."""
    async with database.transaction() as connection:
        total, rows = await service.list_accounts(connection, wanted)
    users = [_user(row) for row in rows]
    return UserList(total=total, users=users, limit=wanted.limit, offset=wanted.offset)


@router.patch(
    "/{user_id:uuid}",
    summary="Change role or state of an account",
    responses=problems(s409="The last active administrator stays one."),
)
async def change_user(
    actor: Admin, user_id: UUID, body: UserChange, database: DatabaseDep, request_id: RequestIdDep
) -> User:
    """Acts on the account's next request and is written to the audit log."""
    author = service.Author(actor.user_id, request_id)
    async with database.transaction() as connection:
        return _user(await service.change_account(connection, user_id, body, author))


async def _own_profile(request: Request, caller: Caller) -> Response:
    row = await get_database(request).fetch_row(
        _QUERIES["read_own_profile"], caller.session_id, caller.user_id, repeatable=True
    )
    admit(caller, row)
    body = User.model_validate(dict(row or {})).model_dump_json().encode()
    return Response(body, media_type="application/json")


def _user(row: Record) -> User:
    return User.model_validate(dict(row))
