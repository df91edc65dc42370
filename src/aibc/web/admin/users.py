"""Accounts: finding one, changing its role or state, and who changed what."""

from __future__ import annotations

from typing import Any, cast, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.accounts import service
from aibc.accounts.actors import Role
from aibc.accounts.schemas import AccountStatus, UserChange, UserFilter
from aibc.database.pool import Database, Record
from aibc.errors import AibcError
from aibc.http.context import DatabaseDep
from aibc.http.request_info import RequestIdDep
from aibc.web.forms import read_form, validated
from aibc.web.templating import render
from aibc.web.visitors import PageAdmin, Visitor

router = APIRouter(prefix="/admin/users", include_in_schema=False)

PAGE = 50
ROLES = {"student": "Learner", "instructor": "Instructor", "admin": "Administrator"}
STATES = {"active": "Active", "suspended": "Suspended"}
_FIGURES = {"role": ROLES, "account_status": STATES}


@router.get("")
async def list_users(
    visitor: PageAdmin,
    database: DatabaseDep,
    search: str = "",
    role: str = "",
    account_status: str = "",
    page: int = 1,
) -> Response:
    """Newest first, by pages; what is not a role or a state of ours filters nothing."""
    filters = {
        "search": search.strip(),
        "role": role if role in get_args(Role) else None,
        "account_status": account_status if account_status in get_args(AccountStatus) else None,
    }
    page = min(max(page, 1), 100_000)
    wanted = validated(UserFilter, {**filters, "limit": PAGE, "offset": (page - 1) * PAGE})
    async with database.transaction() as connection:
        total, rows = await service.list_accounts(connection, wanted)
    pages = max(1, -(-total // PAGE))
    return render(
        visitor,
        "admin/users.html",
        wanted=wanted,
        users=rows,
        total=total,
        page=page,
        pages=pages,
        roles=ROLES,
        states=STATES,
        address_of=lambda number: _address(filters, number),
    )


@router.get("/{user_id}")
async def show_user(visitor: PageAdmin, database: DatabaseDep, user_id: UUID) -> Response:
    """One account with the trail of its changes."""
    return await _page_of(visitor, database, user_id)


@router.post("/{user_id}")
async def change_user(
    request: Request,
    visitor: PageAdmin,
    database: DatabaseDep,
    user_id: UUID,
    request_id: RequestIdDep,
) -> Response:
    """Acts on the account's next request."""
    fields = await read_form(request, visitor)
    author = service.Author(visitor.user_id, request_id)
    try:
        change = validated(UserChange, {name: fields.get(name) for name in _FIGURES})
        async with database.transaction() as connection:
            row = await service.change_account(connection, user_id, change, author)
    except AibcError as error:
        if error.status == 404:
            raise
        return await _page_of(visitor, database, user_id, error)
    if user_id == visitor.user_id and row["role"] != "admin":
        return RedirectResponse("/account?notice=user-changed", 303)
    return RedirectResponse(f"/admin/users/{user_id}?notice=user-changed", 303)


async def _page_of(
    visitor: Visitor, database: Database, user_id: UUID, error: AibcError | None = None
) -> Response:
    async with database.transaction() as connection:
        user = await service.read_profile(connection, user_id)
        changes = await service.list_changes(connection, user_id)
    return render(
        visitor,
        "admin/user.html",
        status=error.status if error else 200,
        error=error.detail if error else None,
        user=user,
        changes=[{**change, "sentences": sentences_of(change)} for change in changes],
        roles=ROLES,
        states=STATES,
    )


def sentences_of(change: Record | dict[str, Any]) -> list[str]:
    """What one entry of the log says, in the words of the pages."""
    if change["action"] == "user.create":
        role = cast(dict[str, str], change["new_value"] or {}).get("role", "")
        return [f"made the account: {ROLES.get(role, role)}"]
    old, new = change["old_value"] or {}, change["new_value"] or {}
    figures = [name for name in _FIGURES if name in new and old.get(name) != new[name]]
    return [_moved(name, old.get(name), new[name]) for name in figures] or [change["action"]]


def _moved(name: str, old: Any, new: Any) -> str:
    words = _FIGURES[name]
    label = {"role": "role", "account_status": "state"}[name]
    return f"{label}: {words.get(old, old)} → {words.get(new, new)}"


def _address(filters: dict[str, str | None], page: int) -> str:
    query = {name: value for name, value in filters.items() if value}
    return "/admin/users?" + urlencode({**query, "page": page})
