"""Recounting one learner's module on request."""

from __future__ import annotations

from uuid import UUID, uuid4

import httpx

from fixtures.catalog import Connection, MakeUser
from fixtures.problems import assert_problem
from reviews.calls import ADMIN, review
from reviews.conftest import Course


async def recount(client: httpx.AsyncClient, module: str, user_id: UUID) -> httpx.Response:
    path = f"{ADMIN}/modules/{module}/check-auto-approve"
    return await client.post(path, params={"user_id": str(user_id)})


async def test_a_recount_puts_drifted_figures_right(
    reviewer: httpx.AsyncClient,
    connection: Connection,
    learner: UUID,
    course: Course,
    submission: UUID,
) -> None:
    await connection.execute("UPDATE resources SET is_required = id = $1", course.exercise)
    await review(reviewer, submission, "approved")
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE module_completions SET approval_status = 'pending'")
    response = await recount(reviewer, course.module, learner)
    assert response.status_code == 200
    document = response.json()
    assert document["approval_status"] == "approved"
    assert document["user_id"] == str(learner)
    assert document["module_id"] == course.module
    assert set(document) == {
        "id",
        "user_id",
        "pathway_id",
        "module_id",
        "completed_at",
        "time_spent_minutes",
        "approval_status",
        "reviewed_by",
        "reviewed_at",
        "review_comments",
    }


async def test_where_nothing_is_handed_in_there_is_nothing_to_answer(
    reviewer: httpx.AsyncClient,
    connection: Connection,
    course: Course,
    learner: UUID,
    submission: UUID,
    make_user: MakeUser,
) -> None:
    assert submission
    unfinished = await recount(reviewer, course.module, learner)
    assert_problem(unfinished, 404, "module_completion_not_found")
    for module, user_id in (("no-such-module", learner), (course.module, uuid4())):
        response = await recount(reviewer, module, user_id)
        assert_problem(response, 404, "module_completion_not_found")
    untouched = await make_user()
    response = await recount(reviewer, course.module, untouched)
    assert_problem(response, 404, "module_completion_not_found")
    # Asking about somebody who was never there does not enrol them.
    started = "SELECT count(*) FROM user_progress WHERE user_id = $1"
    assert await connection.fetchval(started, untouched) == 0


async def test_learners_may_not_recount(
    client: httpx.AsyncClient, learner: UUID, course: Course
) -> None:
    assert_problem(await recount(client, course.module, learner), 403, "role_refused")
