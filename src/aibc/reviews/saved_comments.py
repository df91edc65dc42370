"""Comments that an instructor keeps to use again. Everybody has their own."""

from __future__ import annotations

from uuid import UUID

from aibc.database.pool import Database
from aibc.database.queries import load_queries
from aibc.progress.documents import Document
from aibc.reviews.errors import SavedCommentNotFound, TooManySavedComments
from aibc.reviews.schemas import SavedCommentText

_QUERIES = load_queries(__package__, "saved_comments.sql")
_LIST = _QUERIES["list_saved_comments"]
_SAVE = _QUERIES["save_comment"]
_CHANGE = _QUERIES["change_saved_comment"]
_FORGET = _QUERIES["forget_saved_comment"]

MAX_SAVED_COMMENTS = 50


async def list_saved(database: Database, user_id: UUID) -> list[Document]:
    """The instructor's own, in the order in which they were saved."""
    return [dict(row) for row in await database.fetch(_LIST, user_id)]


async def save(database: Database, user_id: UUID, comment: SavedCommentText) -> Document:
    """Keep a comment; one that is there already is not kept twice. Raises TooManySavedComments."""
    row = await database.fetch_row(_SAVE, user_id, comment.body, MAX_SAVED_COMMENTS)
    if row is None:
        raise TooManySavedComments
    return dict(row)


async def change(
    database: Database, user_id: UUID, comment_id: UUID, comment: SavedCommentText
) -> Document:
    """Write a comment anew. Raises SavedCommentNotFound."""
    row = await database.fetch_row(_CHANGE, user_id, comment_id, comment.body)
    if row is None:
        raise SavedCommentNotFound
    return dict(row)


async def forget(database: Database, user_id: UUID, comment_id: UUID) -> None:
    """Remove a comment. Raises SavedCommentNotFound."""
    if await database.fetch_row(_FORGET, user_id, comment_id) is None:
        raise SavedCommentNotFound
