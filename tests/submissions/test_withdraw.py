"""Taking a file back: only while it waits, and never the bytes."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from fixtures.catalog import Connection, MakeSubmission, MakeUser
from fixtures.problems import assert_problem
from submissions.calls import (
    API,
    download_link,
    handed_in,
    own_submissions,
    review,
    stored_files,
    withdraw,
)
from submissions.conftest import Course


async def test_a_withdrawn_file_leaves_every_list_and_stays_in_the_store(
    client: httpx.AsyncClient,
    staff_client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
    storage: Path,
) -> None:
    receipt = await handed_in(client, course.exercise)
    response = await withdraw(client, receipt["submission_id"])
    assert response.status_code == 200
    answer = response.json()
    assert answer.keys() == {"submission_id", "deleted", "deleted_at"}
    assert answer["submission_id"] == receipt["submission_id"]
    assert answer["deleted"] is True
    assert answer["deleted_at"].endswith("Z")

    assert await own_submissions(client, course.exercise) == []
    queue = (await staff_client.get(f"{API}/admin/submissions/pending")).json()
    assert queue == {"total_pending": 0, "submissions": [], "next_cursor": None}
    assert len(stored_files(storage)) == 1
    record = (await client.get(f"{API}/users/me/resources/{course.exercise}/progress")).json()
    assert (record["status"], record["progress_percentage"]) == ("in_progress", 99)
    assert record["submission_count"] == 1
    for staff_or_owner in (client, staff_client):
        link = await download_link(staff_or_owner, receipt["submission_id"])
        assert_problem(link, 404, "submission_not_found")


async def test_superseded_files_stay_superseded(client: httpx.AsyncClient, course: Course) -> None:
    await handed_in(client, course.exercise)
    second = await handed_in(client, course.exercise)
    assert (await withdraw(client, second["submission_id"])).status_code == 200
    (left,) = await own_submissions(client, course.exercise)
    assert (left["attempt"], left["submission_status"]) == (1, "superseded")
    third = await handed_in(client, course.exercise)
    assert third["attempt"] == 3


async def test_withdrawing_twice_finds_nothing_the_second_time(
    client: httpx.AsyncClient, course: Course
) -> None:
    receipt = await handed_in(client, course.exercise)
    assert (await withdraw(client, receipt["submission_id"])).status_code == 200
    again = await withdraw(client, receipt["submission_id"])
    assert_problem(again, 404, "submission_not_found")


@pytest.mark.parametrize("status", ["approved", "rejected"])
async def test_a_reviewed_file_cannot_be_withdrawn(
    client: httpx.AsyncClient, staff_client: httpx.AsyncClient, course: Course, status: str
) -> None:
    receipt = await handed_in(client, course.exercise)
    await review(staff_client, receipt["submission_id"], status, review_comments="Seen.")
    problem = assert_problem(await withdraw(client, receipt["submission_id"]), 409, "not_waiting")
    assert status in problem["detail"]


async def test_a_superseded_file_cannot_be_withdrawn(
    client: httpx.AsyncClient, course: Course
) -> None:
    first = await handed_in(client, course.exercise)
    await handed_in(client, course.exercise)
    assert_problem(await withdraw(client, first["submission_id"]), 409, "not_waiting")


async def test_nothing_is_withdrawn_from_a_module_approved_by_hand(
    client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
    learner: UUID,
    make_user: MakeUser,
) -> None:
    receipt = await handed_in(client, course.exercise)
    await connection.execute(
        """
        INSERT INTO module_decisions
            (user_id, pathway_id, module_id, kind, approval_status, decided_by)
        VALUES ($1, $2, $3, 'decided', 'approved', $4)
        """,
        learner,
        course.pathway,
        course.module,
        await make_user(role="instructor"),
    )
    assert_problem(await withdraw(client, receipt["submission_id"]), 409, "module_approved")
    assert len(await own_submissions(client, course.exercise)) == 1


async def test_somebody_elses_file_is_not_there(
    client: httpx.AsyncClient,
    staff_client: httpx.AsyncClient,
    course: Course,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    theirs = await make_submission(await make_user(), course.exercise)
    for caller in (client, staff_client):
        refused = assert_problem(await withdraw(caller, theirs), 404, "submission_not_found")
        unknown = assert_problem(await withdraw(caller, uuid4()), 404, "submission_not_found")
        for own_line in ("request_id", "instance"):
            refused.pop(own_line)
            unknown.pop(own_line)
        assert refused == unknown
