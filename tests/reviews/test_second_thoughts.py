"""Changing a decision, undoing it, and the history of both."""

from __future__ import annotations

from uuid import UUID, uuid4

import httpx

from fixtures.catalog import Connection, MakeSubmission
from fixtures.problems import assert_problem
from reviews.calls import completion, history, pending, reject, review, undo
from reviews.conftest import Course


async def let_time_pass(connection: Connection, submission: UUID, seconds: int) -> None:
    """Move the decision back in time, past the triggers that would stamp it anew."""
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            """
            UPDATE resource_submissions
            SET reviewed_at = reviewed_at - make_interval(secs => $2) WHERE id = $1
            """,
            submission,
            seconds,
        )


async def test_the_reviewer_may_change_their_mind(
    client: httpx.AsyncClient, reviewer: httpx.AsyncClient, course: Course, submission: UUID
) -> None:
    await reject(reviewer, submission, "Too dark.")
    assert_problem(await review(reviewer, submission, "approved"), 409, "already_reviewed")
    changed = await review(reviewer, submission, "approved", change=True)
    assert changed.status_code == 200
    assert changed.json()["submission_status"] == "approved"
    assert changed.json()["review_comments"] is None
    assert (await completion(client, course.exercise))["status"] == "reviewed"
    back = await review(
        reviewer, submission, "rejected", review_comments="Sorry, still dark.", change=True
    )
    assert back.json()["grade"] == "fail"
    assert (await completion(client, course.exercise))["status"] == "in_progress"


async def test_a_change_of_comments_alone_is_a_change(
    reviewer: httpx.AsyncClient, submission: UUID
) -> None:
    await reject(reviewer, submission, "Too drak.")
    response = await review(
        reviewer, submission, "rejected", review_comments="Too dark.", change=True
    )
    assert response.json()["review_comments"] == "Too dark."
    assert [entry["action"] for entry in await history(reviewer, submission)] == [
        "decided",
        "changed",
    ]


async def test_a_colleague_may_not_change_it_and_an_administrator_may(
    reviewer: httpx.AsyncClient,
    colleague: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    submission: UUID,
) -> None:
    await reject(reviewer, submission)
    refused = await review(colleague, submission, "approved", change=True)
    assert_problem(refused, 409, "already_reviewed")
    assert (await review(admin, submission, "approved", change=True)).status_code == 200


async def test_a_changed_rejection_needs_comments_too(
    reviewer: httpx.AsyncClient, submission: UUID
) -> None:
    await review(reviewer, submission, "approved")
    response = await review(reviewer, submission, "rejected", change=True)
    assert_problem(response, 422, "comments_required")


async def test_a_later_attempt_takes_the_decision_out_of_reach_even_if_withdrawn(
    client: httpx.AsyncClient,
    reviewer: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    learner: UUID,
    course: Course,
    submission: UUID,
    make_submission: MakeSubmission,
) -> None:
    await reject(reviewer, submission)
    later = await make_submission(learner, course.exercise)
    for _ in ("waiting", "withdrawn"):
        for staff in (reviewer, admin):
            changed = await review(staff, submission, "approved", change=True)
            problem = assert_problem(changed, 409, "later_attempt")
            assert "attempt 2" in problem["detail"]
            assert_problem(await undo(staff, submission), 409, "later_attempt")
        await client.delete(f"/api/v1/resources/users/me/submissions/{later}")


async def test_undo_returns_the_file_to_its_place_in_the_queue(
    client: httpx.AsyncClient,
    reviewer: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    submission: UUID,
    make_submission: MakeSubmission,
) -> None:
    newer = await make_submission(learner, course.project)
    await review(reviewer, submission, "approved")
    response = await undo(reviewer, submission)
    assert response.status_code == 200
    document = response.json()
    assert document["submission_status"] == "uploaded"
    for field in ("reviewed_by", "reviewed_at", "review_comments", "grade"):
        assert document[field] is None
    queue = await pending(reviewer)
    assert [item["id"] for item in queue["submissions"]] == [str(submission), str(newer)]
    record = await completion(client, course.exercise)
    assert (record["status"], record["completed_at"]) == ("submitted", None)


async def test_undo_lasts_a_minute(
    reviewer: httpx.AsyncClient, connection: Connection, submission: UUID
) -> None:
    await review(reviewer, submission, "approved")
    await let_time_pass(connection, submission, 61)
    problem = assert_problem(await undo(reviewer, submission), 409, "undo_too_late")
    assert problem["detail"] == "A decision can be undone within 60 seconds: change it instead."
    assert (await reject_again(reviewer, submission)).status_code == 200
    await let_time_pass(connection, submission, 55)
    assert (await undo(reviewer, submission)).status_code == 200


async def reject_again(client: httpx.AsyncClient, submission: UUID) -> httpx.Response:
    return await review(client, submission, "rejected", review_comments="After all.", change=True)


async def test_undo_is_for_the_reviewer_and_administrators(
    reviewer: httpx.AsyncClient,
    colleague: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    submission: UUID,
) -> None:
    assert_problem(await undo(reviewer, submission), 409, "not_reviewed")
    assert_problem(await undo(reviewer, uuid4()), 404, "submission_not_found")
    await review(reviewer, submission, "approved")
    assert_problem(await undo(colleague, submission), 409, "already_reviewed")
    assert (await undo(admin, submission)).status_code == 200


async def test_the_history_tells_everything_in_order(
    reviewer: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    instructor: UUID,
    submission: UUID,
) -> None:
    await reject(reviewer, submission, "Too dark.")
    await review(admin, submission, "approved", review_comments="Dark is fine.", change=True)
    await undo(admin, submission)
    await review(reviewer, submission, "approved")
    decisions = await history(reviewer, submission)
    told = [
        (item["action"], item["submission_status"], item["grade"], item["decided_by_name"])
        for item in decisions
    ]
    assert told == [
        ("decided", "rejected", "fail", "Grace Teacher"),
        ("changed", "approved", "pass", "Ada Admin"),
        ("undone", "uploaded", None, "Ada Admin"),
        ("decided", "approved", "pass", "Grace Teacher"),
    ]
    assert [item["review_comments"] for item in decisions] == [
        "Too dark.",
        "Dark is fine.",
        None,
        None,
    ]
    assert decisions[0]["decided_by"] == str(instructor)
    times = [item["created_at"] for item in decisions]
    assert times == sorted(times)


async def test_a_withdrawn_file_keeps_its_history(
    client: httpx.AsyncClient, reviewer: httpx.AsyncClient, submission: UUID
) -> None:
    await reject(reviewer, submission)
    await undo(reviewer, submission)
    await client.delete(f"/api/v1/resources/users/me/submissions/{submission}")
    assert [item["action"] for item in await history(reviewer, submission)] == ["decided", "undone"]
    unknown = await reviewer.get(f"/api/v1/resources/admin/submissions/{uuid4()}/history")
    assert_problem(unknown, 404, "submission_not_found")
