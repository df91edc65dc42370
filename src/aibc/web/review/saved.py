"""The page on which an instructor keeps their saved comments in order."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.errors import AibcError
from aibc.http.context import DatabaseDep
from aibc.reviews import saved_comments
from aibc.reviews.schemas import SavedCommentText
from aibc.web.forms import read_form, validated
from aibc.web.templating import render
from aibc.web.visitors import PageStaff, Visitor

router = APIRouter(prefix="/review/comments", include_in_schema=False)


@router.get("")
async def show_saved(visitor: PageStaff, database: DatabaseDep) -> Response:
    """All of one's own, each to be changed or removed, and a form for a new one."""
    return await _page(visitor, database)


@router.post("")
async def add(request: Request, visitor: PageStaff, database: DatabaseDep) -> Response:
    """Keep one more."""
    body = await _body(request, visitor)
    try:
        comment = validated(SavedCommentText, {"body": body})
        await saved_comments.save(database, visitor.user_id, comment)
    except AibcError as error:
        return await _page(visitor, database, error, body)
    return RedirectResponse("/review/comments?notice=comment-saved", 303)


@router.post("/{comment_id}")
async def change(
    request: Request, comment_id: UUID, visitor: PageStaff, database: DatabaseDep
) -> Response:
    """Write one anew."""
    body = await _body(request, visitor)
    try:
        comment = validated(SavedCommentText, {"body": body})
        await saved_comments.change(database, visitor.user_id, comment_id, comment)
    except AibcError as error:
        return await _page(visitor, database, error, "", {str(comment_id): body})
    return RedirectResponse("/review/comments?notice=comment-saved", 303)


@router.post("/{comment_id}/remove")
async def remove(
    request: Request, comment_id: UUID, visitor: PageStaff, database: DatabaseDep
) -> Response:
    """Forget one; decisions that used its words keep them."""
    await read_form(request, visitor)
    await saved_comments.forget(database, visitor.user_id, comment_id)
    return RedirectResponse("/review/comments?notice=comment-removed", 303)


async def _body(request: Request, visitor: Visitor) -> str:
    return (await read_form(request, visitor)).get("body", "").replace("\r\n", "\n")


async def _page(
    visitor: Visitor,
    database: DatabaseDep,
    error: AibcError | None = None,
    typed: str = "",
    changed: dict[str, str] | None = None,
) -> Response:
    return render(
        visitor,
        "review/saved.html",
        status=error.status if error else 200,
        saved=await saved_comments.list_saved(database, visitor.user_id),
        error=error,
        typed=typed,
        changed=changed or {},
    )
