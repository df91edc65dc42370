"""One attempt after another: superseding, resubmitting, and what changes while bytes move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeSlug, MakeSubmission, MakeUser
from fixtures.problems import assert_problem
from submissions.calls import (
    API,
    PNG,
    hand_in,
    handed_in,
    own_submissions,
    review,
    send_body,
    stored_files,
    upload_states,
)
from submissions.conftest import Course
from submissions.forms import field, form


async def test_parallel_uploads_leave_one_waiting_and_attempts_in_a_row(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    responses = await asyncio.gather(*(hand_in(client, course.exercise) for _ in range(10)))
    assert {response.status_code for response in responses} == {200}
    submissions = await own_submissions(client, course.exercise)
    assert [item["attempt"] for item in submissions] == list(range(10, 0, -1))
    statuses = [item["submission_status"] for item in submissions]
    assert statuses == ["uploaded"] + ["superseded"] * 9
    count = "SELECT submission_count FROM resource_completions WHERE resource_id = $1"
    assert await connection.fetchval(count, course.exercise) == 10


async def test_after_a_rejection_a_new_file_is_welcome(
    client: httpx.AsyncClient, staff_client: httpx.AsyncClient, course: Course
) -> None:
    first = await handed_in(client, course.exercise)
    comments = "Please add the prompts."
    await review(staff_client, first["submission_id"], "rejected", review_comments=comments)
    second = await handed_in(client, course.exercise)
    assert second["attempt"] == 2
    newest, oldest = await own_submissions(client, course.exercise)
    assert newest["submission_status"] == "uploaded"
    assert oldest["submission_status"] == "rejected"
    assert oldest["review_comments"] == comments


async def test_where_resubmission_is_off_a_rejection_is_the_end(
    client: httpx.AsyncClient,
    staff_client: httpx.AsyncClient,
    course: Course,
    make_resource: MakeSlug,
) -> None:
    once = await make_resource(
        course.module, type="project", requires_upload=True, allow_resubmission=False
    )
    await handed_in(client, once)
    replaced = await handed_in(client, once)  # before a review it may still be replaced
    rejected = await review(
        staff_client, replaced["submission_id"], "rejected", review_comments="No."
    )
    assert rejected.status_code == 200
    assert_problem(await hand_in(client, once), 409, "resubmission_not_allowed")


async def test_after_a_pass_nothing_more_is_taken(
    client: httpx.AsyncClient,
    staff_client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
) -> None:
    receipt = await handed_in(client, course.exercise)
    await review(staff_client, receipt["submission_id"], "approved")
    problem = assert_problem(await hand_in(client, course.exercise), 409, "already_passed")
    assert problem["detail"] == (
        "You have already passed this exercise, so there is nothing more to hand in."
    )
    assert await upload_states(connection) == ["finalised"]


async def while_bytes_move(
    client: httpx.AsyncClient, resource: str, happens: Callable[[], Awaitable[object]]
) -> httpx.Response:
    """Send half a file, let something happen, send the rest."""
    body = form(field("file", PNG + bytes(300_000), b"work.png", "image/png"))

    async def halves() -> AsyncIterator[bytes]:
        yield body[: len(body) // 2]
        await happens()
        yield body[len(body) // 2 :]

    return await send_body(client, resource, halves())


async def test_a_pass_that_comes_while_bytes_move_refuses_the_file(
    client: httpx.AsyncClient,
    staff_client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
    storage: Path,
) -> None:
    first = await handed_in(client, course.exercise)

    async def pass_it() -> None:
        assert (await review(staff_client, first["submission_id"], "approved")).status_code == 200

    response = await while_bytes_move(client, course.exercise, pass_it)
    assert_problem(response, 409, "already_passed")
    (only,) = await own_submissions(client, course.exercise)
    assert only["submission_status"] == "approved"
    assert await upload_states(connection) == ["finalised", "abandoned"]
    # The bytes are kept under the key on the upload's own row, though no submission shows them.
    assert len(stored_files(storage)) == 2
    key = await connection.fetchval("SELECT object_key FROM uploads WHERE state = 'abandoned'")
    assert (storage / key).is_file()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ("is_published = false", 404, "resource_not_found"),
        ("requires_upload = false", 400, "upload_not_accepted"),
    ],
)
async def test_a_resource_changed_while_bytes_move_refuses_the_file(
    client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
    change: str,
    status: int,
    code: str,
) -> None:
    async def edit() -> None:
        await connection.execute(f"UPDATE resources SET {change} WHERE id = $1", course.exercise)

    assert_problem(await while_bytes_move(client, course.exercise, edit), status, code)
    assert await connection.fetchval("SELECT count(*) FROM resource_submissions") == 0


async def test_a_review_and_a_new_file_at_once_never_both_count(
    staff_client: httpx.AsyncClient,
    course: Course,
    make_user: MakeUser,
    sign_in: SignIn,
) -> None:
    outcomes = set()
    for _ in range(8):
        client = await sign_in(await make_user())
        first = await handed_in(client, course.exercise)
        decision, upload = await asyncio.gather(
            review(staff_client, first["submission_id"], "approved"),
            hand_in(client, course.exercise),
        )
        outcomes.add((decision.status_code, upload.status_code))
        listed = await own_submissions(client, course.exercise)
        shown = [item["submission_status"] for item in listed]
        if decision.status_code == 200:
            assert_problem(upload, 409, "already_passed")
            assert shown == ["approved"]
        else:
            assert_problem(decision, 409, "superseded")
            assert upload.status_code == 200
            assert shown == ["uploaded", "superseded"]
    assert outcomes <= {(200, 409), (409, 200)}


async def test_nobody_waits_for_the_database_while_bytes_move(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    held: list[int] = []

    async def look() -> None:
        held.append(
            await connection.fetchval(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                  AND state <> 'idle' AND backend_type = 'client backend'
                """
            )
        )
        held.append(
            await connection.fetchval(
                """
                SELECT count(*) FROM pg_locks
                WHERE pid <> pg_backend_pid() AND granted AND database = (
                    SELECT oid FROM pg_database WHERE datname = current_database())
                """
            )
        )

    assert (await while_bytes_move(client, course.exercise, look)).status_code == 200
    assert held == [0, 0]


async def test_own_submissions_outlive_the_resource(
    client: httpx.AsyncClient,
    other_client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
) -> None:
    receipt = await handed_in(client, course.exercise)
    await connection.execute(
        "UPDATE resources SET removed_at = now() WHERE id = $1", course.exercise
    )
    (kept,) = await own_submissions(client, course.exercise)
    assert kept["id"] == receipt["submission_id"]
    path = f"{API}/users/me/resources/{course.exercise}/submissions"
    assert_problem(await other_client.get(path), 404, "resource_not_found")
    assert_problem(await hand_in(client, course.exercise), 404, "resource_not_found")


async def test_a_resource_nobody_handed_in_for_has_an_empty_list(
    client: httpx.AsyncClient, course: Course
) -> None:
    assert await own_submissions(client, course.exercise) == []
    response = await client.get(f"{API}/users/me/resources/no-such/submissions")
    assert_problem(response, 404, "resource_not_found")


async def test_a_list_shows_nobody_elses_files(
    client: httpx.AsyncClient,
    course: Course,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    stranger: UUID = await make_user()
    await make_submission(stranger, course.exercise)
    mine = await handed_in(client, course.exercise)
    assert [item["id"] for item in await own_submissions(client, course.exercise)] == [
        mine["submission_id"]
    ]
