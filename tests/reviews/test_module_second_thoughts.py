"""Taking a decision on a module back, and the history that keeps both."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeSubmission, MakeUser
from progress.learner_calls import refused, taken
from reviews.conftest import Course
from reviews.test_modules import MODULES, decide


async def undo(client: httpx.AsyncClient, completion: object) -> httpx.Response:
    return await client.post(f"{MODULES}/{completion}/undo")


async def history(client: httpx.AsyncClient, completion: object) -> list[dict[str, Any]]:
    response = await client.get(f"{MODULES}/{completion}/history")
    assert response.status_code == 200, response.text
    events: list[dict[str, Any]] = response.json()
    return events


@pytest.fixture
async def handed_in(
    connection: Connection, learner: UUID, course: Course, make_submission: MakeSubmission
) -> UUID:
    """The id of a module completion that waits."""
    for resource in (course.exercise, course.project):
        await make_submission(learner, resource)
    completion: UUID = await connection.fetchval("SELECT id FROM module_completions")
    return completion


async def let_a_minute_pass(connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        for statement in (
            "UPDATE module_decisions SET created_at = created_at - interval '61 seconds'",
            "UPDATE module_completions SET reviewed_at = reviewed_at - interval '61 seconds'",
        ):
            await connection.execute(statement)


@pytest.mark.parametrize("status", ["approved", "rejected"])
async def test_an_undone_decision_leaves_the_module_waiting_as_before(
    reviewer: httpx.AsyncClient,
    client: httpx.AsyncClient,
    handed_in: UUID,
    course: Course,
    status: str,
) -> None:
    taken(await decide(reviewer, handed_in, status, review_comments="So."))
    answer = taken(await undo(reviewer, handed_in))
    assert (answer["id"], answer["approval_status"]) == (str(handed_in), "pending")
    assert (answer["reviewed_by"], answer["review_comments"]) == (None, None)
    page = taken(await client.get(f"/api/v1/progress/pathways/{course.pathway}"))
    assert page["modules"][0]["progress_percentage"] == 0
    assert taken(await reviewer.get(f"{MODULES}/pending-reviews"))["total_pending"] == 1


async def test_undoing_a_change_brings_back_what_it_changed(
    reviewer: httpx.AsyncClient, handed_in: UUID
) -> None:
    taken(await decide(reviewer, handed_in, "approved"))
    taken(await decide(reviewer, handed_in, "rejected", review_comments="No.", change=True))
    assert taken(await undo(reviewer, handed_in))["approval_status"] == "approved"
    assert taken(await undo(reviewer, handed_in))["approval_status"] == "pending"
    assert refused(await undo(reviewer, handed_in)) == (409, "not_decided")


async def test_only_its_reviewer_and_administrators_undo_it(
    reviewer: httpx.AsyncClient, handed_in: UUID, make_user: MakeUser, sign_in: SignIn
) -> None:
    taken(await decide(reviewer, handed_in, "approved"))
    colleague = await sign_in(await make_user(role="instructor"))
    assert refused(await undo(colleague, handed_in)) == (409, "already_decided")
    admin = await sign_in(await make_user(role="admin"))
    assert taken(await undo(admin, handed_in))["approval_status"] == "pending"


async def test_after_a_minute_it_can_only_be_changed(
    reviewer: httpx.AsyncClient, handed_in: UUID, connection: Connection
) -> None:
    taken(await decide(reviewer, handed_in, "approved"))
    await let_a_minute_pass(connection)
    assert refused(await undo(reviewer, handed_in)) == (409, "undo_too_late")


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_a_file_handed_in_since_keeps_it(
    reviewer: httpx.AsyncClient,
    handed_in: UUID,
    learner: UUID,
    course: Course,
    connection: Connection,
    make_submission: MakeSubmission,
    withdrawn: bool,
) -> None:
    await connection.execute("UPDATE resource_submissions SET deleted_at = now()")
    await make_submission(learner, course.exercise)
    submission = await make_submission(learner, course.project)
    taken(await decide(reviewer, handed_in, "rejected", review_comments="No."))
    await connection.execute(
        "UPDATE resource_submissions SET submission_status = 'superseded' WHERE id = $1", submission
    )
    later = await make_submission(learner, course.project)
    if withdrawn:
        await connection.execute(
            "UPDATE resource_submissions SET deleted_at = now() WHERE id = $1", later
        )
        assert refused(await undo(reviewer, handed_in)) == (409, "later_attempt")
    else:
        # The module waits again by itself, so no decision by hand stands any more.
        assert refused(await undo(reviewer, handed_in)) == (409, "not_decided")


async def test_nobody_undoes_a_decision_on_their_own_module_and_only_staff_undo_at_all(
    reviewer: httpx.AsyncClient,
    client: httpx.AsyncClient,
    handed_in: UUID,
    learner: UUID,
    connection: Connection,
) -> None:
    taken(await decide(reviewer, handed_in, "approved"))
    assert refused(await undo(client, handed_in)) == (403, "role_refused")
    await connection.execute("UPDATE users SET role = 'admin' WHERE id = $1", learner)
    assert refused(await undo(client, handed_in)) == (403, "own_work")


async def test_the_history_keeps_everything_that_decided(
    reviewer: httpx.AsyncClient, instructor: UUID, handed_in: UUID
) -> None:
    taken(await decide(reviewer, handed_in, "rejected", review_comments="No."))
    taken(await undo(reviewer, handed_in))
    events = await history(reviewer, handed_in)
    assert [(event["kind"], event["approval_status"]) for event in events] == [
        ("automatic", "pending"),
        ("decided", "rejected"),
        ("undone", None),
        ("automatic", "pending"),
    ]
    assert (events[1]["decided_by"], events[1]["review_comments"]) == (str(instructor), "No.")
    assert events[2]["decided_by"] == str(instructor)


async def test_the_history_is_for_staff_and_of_what_exists(
    reviewer: httpx.AsyncClient, client: httpx.AsyncClient, handed_in: UUID
) -> None:
    assert refused(await client.get(f"{MODULES}/{handed_in}/history")) == (403, "role_refused")
    for path in (f"{MODULES}/{uuid4()}/history", f"{MODULES}/{uuid4()}/undo"):
        method = "GET" if path.endswith("history") else "POST"
        assert refused(await reviewer.request(method, path)) == (404, "module_completion_not_found")
