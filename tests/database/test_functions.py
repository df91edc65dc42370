"""Small functions of the schema whose edges matter."""

from __future__ import annotations

import asyncpg
import pytest

from aibc.database.pool import Connection
from fixtures.catalog import MakeSlug, MakeSubmission, MakeUser


@pytest.mark.parametrize(
    "text", [None, "", "   ", "\t\n", "\u200b", "\u3000\ufeff", "\u00ad\u2060"]
)
async def test_what_nobody_can_read_is_blank(connection: Connection, text: str | None) -> None:
    assert await connection.fetchval("SELECT is_blank($1)", text) is True


@pytest.mark.parametrize("text", ["no", " é ", "作", "🙂", "."])
async def test_what_somebody_can_read_is_not_blank(connection: Connection, text: str) -> None:
    assert await connection.fetchval("SELECT is_blank($1)", text) is False


async def test_a_rejection_without_a_visible_reason_is_refused(
    connection: Connection,
    make_user: MakeUser,
    make_pathway: MakeSlug,
    make_module: MakeSlug,
    make_resource: MakeSlug,
    make_submission: MakeSubmission,
) -> None:
    module = await make_module(await make_pathway())
    resource = await make_resource(module, type="exercise", requires_upload=True)
    submission = await make_submission(await make_user(), resource)
    with pytest.raises(asyncpg.PostgresError, match="A rejection needs comments"):
        await connection.execute(
            "SELECT review_submission($1, false, $2, 'rejected', $3, false)",
            await make_user(role="instructor"),
            submission,
            "\u200b\n",
        )


async def test_waiting_for_uploads_under_way_takes_a_minute(connection: Connection) -> None:
    assert await connection.fetchval("SELECT seconds_until(NULL, now())") == 60


async def test_a_quiz_that_is_sent_a_file_names_the_way_that_works(
    connection: Connection,
    make_user: MakeUser,
    make_pathway: MakeSlug,
    make_module: MakeSlug,
    make_resource: MakeSlug,
) -> None:
    quiz = await make_resource(await make_module(await make_pathway()), type="quiz")
    with pytest.raises(asyncpg.PostgresError, match="This quiz takes no files: answer it instead"):
        await connection.execute(
            "SELECT claim_upload($1, $2, 'multipart', 10, 10, 1000, 30, '1 hour')",
            await make_user(),
            quiz,
        )
