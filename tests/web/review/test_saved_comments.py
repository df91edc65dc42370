"""Saved comments: each instructor's own, put in by a click or a key."""

from __future__ import annotations

import re
from uuid import UUID

import httpx

from fixtures.browsers import send_form
from fixtures.catalog import Connection
from web.review.steps import read

PAGE = "/review/comments"


async def add(browser: httpx.AsyncClient, body: str) -> httpx.Response:
    return await send_form(browser, PAGE, PAGE, body=body)


async def ids(browser: httpx.AsyncClient) -> list[str]:
    return re.findall(r'action="/review/comments/([0-9a-f-]{36})"', await read(browser, PAGE))


async def test_comments_are_kept_changed_and_removed(grace: httpx.AsyncClient) -> None:
    assert "None saved yet" in await read(grace, PAGE)
    response = await add(grace, "Please add a title.\r\nAnd your name.")
    assert response.headers["location"] == f"{PAGE}?notice=comment-saved"
    (saved,) = await ids(grace)
    assert ">\nPlease add a title.\nAnd your name.</textarea>" in await read(grace, PAGE)
    await send_form(grace, PAGE, f"{PAGE}/{saved}", body="Title, please.")
    assert ">\nTitle, please.</textarea>" in await read(grace, PAGE)
    response = await send_form(grace, PAGE, f"{PAGE}/{saved}/remove")
    assert response.headers["location"] == f"{PAGE}?notice=comment-removed"
    assert await ids(grace) == []


async def test_the_same_comment_is_kept_once_and_an_empty_one_never(
    grace: httpx.AsyncClient,
) -> None:
    for body in ("Well done.", "  Well done.  "):
        assert (await add(grace, body)).status_code == 303
    assert len(await ids(grace)) == 1
    for body in ("", " \r\n", "a" * 2_001):
        response = await add(grace, body)
        assert response.status_code == 422
        assert 'role="alert"' in response.text


async def test_fifty_are_enough(
    grace: httpx.AsyncClient, instructor: UUID, connection: Connection
) -> None:
    await connection.execute(
        "INSERT INTO saved_comments (user_id, body)"
        " SELECT $1, 'Number ' || n FROM generate_series(1, 50) AS n",
        instructor,
    )
    response = await add(grace, "One more.")
    assert response.status_code == 409
    assert "You have saved 50 comments already." in response.text
    assert ">\nOne more.</textarea>" in response.text


async def test_nobody_reads_or_changes_those_of_somebody_else(
    grace: httpx.AsyncClient, hedy: httpx.AsyncClient
) -> None:
    await add(grace, "Mine alone.")
    (saved,) = await ids(grace)
    assert "Mine alone." not in await read(hedy, PAGE)
    response = await send_form(hedy, PAGE, f"{PAGE}/{saved}", body="Stolen.")
    assert response.status_code == 404
    assert (await send_form(hedy, PAGE, f"{PAGE}/{saved}/remove")).status_code == 404
    assert ">\nMine alone.</textarea>" in await read(grace, PAGE)


async def test_at_the_desk_one_is_put_in_and_another_saved_without_losing_what_is_typed(
    grace: httpx.AsyncClient, submission: UUID
) -> None:
    await add(grace, "Please add a title.")
    (saved,) = await ids(grace)
    draft = f"/review/{submission}/draft"
    page = await send_form(grace, PAGE, draft, review_comments="Good start.", insert=saved)
    assert ">\nGood start.\n\nPlease add a title.</textarea>" in page.text
    page = await send_form(grace, PAGE, draft, review_comments="Watch the length.", keep="true")
    assert ">\nWatch the length.</textarea>" in page.text
    assert len(await ids(grace)) == 2
    page = await send_form(grace, PAGE, draft, review_comments="", keep="true")
    assert page.status_code == 422
