"""How much one learner may hand in: exact at any moment, whoever counts."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from aibc.app import create_app
from aibc.settings import MEBIBYTE, Settings
from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeSubmission
from fixtures.problems import assert_problem
from submissions.calls import (
    PNG,
    hand_in,
    handed_in,
    stored_files,
    upload_states,
    withdraw,
)
from submissions.conftest import Course


async def past_uploads(
    connection: Connection,
    learner: UUID,
    submission: UUID,
    *,
    number: int = 1,
    age: str = "1 minute",
    size: int = 1,
) -> None:
    """Uploads that were finalised some time ago; they share a submission, which nobody counts."""
    await connection.execute(
        """
        INSERT INTO uploads
            (user_id, resource_id, transport, state, reserved_bytes, expires_at, settled_at,
             submission_id)
        SELECT $1, resource_id, 'multipart', 'finalised', $3, clock_timestamp(),
               clock_timestamp() - $4::text::interval, id
        FROM resource_submissions, generate_series(1, $5) WHERE id = $2
        """,
        learner,
        submission,
        size,
        age,
        number,
    )


@pytest.fixture
async def earlier(learner: UUID, course: Course, make_submission: MakeSubmission) -> UUID:
    """A submission to hang past uploads on."""
    return await make_submission(learner, course.project)


async def test_fifty_uploads_at_once_are_exactly_ten(
    client: httpx.AsyncClient, course: Course, connection: Connection, storage: Path
) -> None:
    responses = await asyncio.gather(*(hand_in(client, course.exercise) for _ in range(50)))

    assert Counter(response.status_code for response in responses) == {200: 10, 429: 40}
    for response in responses:
        if response.status_code == 429:
            assert_problem(response, 429, "upload_limit_reached")
            assert 1 <= int(response.headers["retry-after"]) <= 3600
            assert response.headers["ratelimit-remaining"] == "0"
    assert Counter(await upload_states(connection)) == {"finalised": 10}
    assert len(stored_files(storage)) == 10
    rows = await connection.fetch(
        "SELECT attempt, submission_status FROM resource_submissions ORDER BY attempt"
    )
    assert [row["attempt"] for row in rows] == list(range(1, 11))
    assert [row["submission_status"] for row in rows] == ["superseded"] * 9 + ["uploaded"]


async def test_the_answer_says_when_to_come_back(
    client: httpx.AsyncClient, connection: Connection, learner: UUID, course: Course, earlier: UUID
) -> None:
    await past_uploads(connection, learner, earlier, number=10, age="50 minutes")
    response = await hand_in(client, course.exercise)
    problem = assert_problem(response, 429, "upload_limit_reached")
    assert problem["detail"] == (
        "You have handed in 10 files within an hour: please try again in 10 minutes."
    )
    assert 590 <= int(response.headers["retry-after"]) <= 600
    assert response.headers["ratelimit-limit"] == "10"
    assert response.headers["ratelimit-reset"] == response.headers["retry-after"]


async def test_an_hour_is_an_hour_by_the_database(
    client: httpx.AsyncClient, connection: Connection, learner: UUID, course: Course, earlier: UUID
) -> None:
    await past_uploads(connection, learner, earlier, number=10, age="59 minutes 55 seconds")
    assert (await hand_in(client, course.exercise)).status_code == 429
    await connection.execute("UPDATE uploads SET settled_at = settled_at - interval '6 seconds'")
    assert (await hand_in(client, course.exercise)).status_code == 200


async def test_withdrawing_refunds_nothing(client: httpx.AsyncClient, course: Course) -> None:
    for _ in range(10):
        receipt = await handed_in(client, course.exercise)
        assert (await withdraw(client, receipt["submission_id"])).status_code == 200
    assert_problem(await hand_in(client, course.exercise), 429, "upload_limit_reached")


async def test_refused_files_take_nothing_of_the_limit(
    client: httpx.AsyncClient, course: Course
) -> None:
    refused = await asyncio.gather(
        *(hand_in(client, course.exercise, b"<html>", name="page.html") for _ in range(10))
    )
    assert {response.status_code for response in refused} == {415}
    for remaining in range(9, -1, -1):
        response = await hand_in(client, course.exercise)
        assert response.status_code == 200
        assert response.headers["ratelimit-remaining"] == str(remaining)


async def test_refused_files_have_a_limit_of_their_own(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    for _ in range(30):
        response = await hand_in(client, course.exercise, b"", name="empty.png")
        assert_problem(response, 413, "file_empty")
    response = await hand_in(client, course.exercise)
    problem = assert_problem(response, 429, "too_many_refused_files")
    assert problem["detail"].startswith("Within an hour 30 of your files were refused")
    assert 3500 <= int(response.headers["retry-after"]) <= 3600
    await connection.execute("UPDATE uploads SET settled_at = settled_at - interval '1 hour'")
    assert (await hand_in(client, course.exercise)).status_code == 200


async def test_a_hundred_megabytes_fill_a_day(
    client: httpx.AsyncClient, connection: Connection, learner: UUID, course: Course, earlier: UUID
) -> None:
    await past_uploads(
        connection, learner, earlier, age="23 hours 50 minutes", size=100 * MEBIBYTE - 2000
    )
    # What is announced is the whole form, a little more than the file.
    assert (await hand_in(client, course.exercise)).status_code == 200
    response = await hand_in(client, course.exercise, PNG + bytes(3000))
    problem = assert_problem(response, 429, "upload_volume_reached")
    assert "100 MB" in problem["detail"]
    assert problem["detail"].endswith("please try again in 10 minutes.")
    assert 590 <= int(response.headers["retry-after"]) <= 600
    await connection.execute("UPDATE uploads SET settled_at = settled_at - interval '11 minutes'")
    assert (await hand_in(client, course.exercise, PNG + bytes(3000))).status_code == 200


async def test_parallel_uploads_share_the_day_exactly(
    client: httpx.AsyncClient, connection: Connection, learner: UUID, course: Course, earlier: UUID
) -> None:
    content = PNG + bytes(400_000 - len(PNG))
    await past_uploads(connection, learner, earlier, age="2 hours", size=98 * MEBIBYTE)
    responses = await asyncio.gather(*(hand_in(client, course.exercise, content) for _ in range(9)))
    assert Counter(response.status_code for response in responses) == {200: 5, 429: 4}
    total = await connection.fetchval("SELECT sum(reserved_bytes) FROM uploads")
    assert total == 98 * MEBIBYTE + 5 * 400_000


async def test_the_reservation_becomes_the_real_size(
    client: httpx.AsyncClient, connection: Connection, course: Course
) -> None:
    await handed_in(client, course.exercise)
    assert await connection.fetchval("SELECT reserved_bytes FROM uploads") == len(PNG)


async def test_another_instance_counts_the_same_uploads(
    client: httpx.AsyncClient, learner: UUID, course: Course, settings: Settings, sign_in: SignIn
) -> None:
    for _ in range(5):
        await handed_in(client, course.exercise)
    second = create_app(settings)
    async with second.router.lifespan_context(second):
        elsewhere = await sign_in(learner, second)
        for _ in range(5):
            await handed_in(elsewhere, course.exercise)
        assert_problem(await hand_in(elsewhere, course.exercise), 429, "upload_limit_reached")
    assert_problem(await hand_in(client, course.exercise), 429, "upload_limit_reached")


async def test_limits_are_each_learners_own(
    client: httpx.AsyncClient,
    other_client: httpx.AsyncClient,
    connection: Connection,
    learner: UUID,
    course: Course,
    earlier: UUID,
) -> None:
    await past_uploads(connection, learner, earlier, number=10, size=11 * MEBIBYTE)
    assert (await hand_in(client, course.exercise)).status_code == 429
    assert (await hand_in(other_client, course.exercise)).status_code == 200
