"""Decisions on submissions: what they do, who may make them, and which one stands."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeSubmission, MakeUser
from fixtures.problems import assert_problem
from reviews.calls import ADMIN, completion, history, pending, reject, review
from reviews.conftest import Course

STATUS = "SELECT submission_status FROM resource_submissions WHERE id = $1"


async def test_a_pass_completes_the_resource(
    client: httpx.AsyncClient,
    reviewer: httpx.AsyncClient,
    instructor: UUID,
    learner: UUID,
    course: Course,
    submission: UUID,
) -> None:
    response = await review(reviewer, submission, "approved", review_comments="Lovely.")
    assert response.status_code == 200
    document = response.json()
    assert document["id"] == str(submission)
    assert document["user_id"] == str(learner)
    assert document["submission_status"] == "approved"
    assert document["grade"] == "pass"
    assert document["reviewed_by"] == str(instructor)
    assert document["reviewed_at"].endswith("Z")
    assert document["review_comments"] == "Lovely."

    record = await completion(client, course.exercise)
    assert (record["status"], record["progress_percentage"]) == ("reviewed", 100)
    assert record["completed_at"] is not None
    assert (await pending(reviewer))["total_pending"] == 0


async def test_a_rejection_gives_the_work_back_with_a_reason(
    client: httpx.AsyncClient, reviewer: httpx.AsyncClient, course: Course, submission: UUID
) -> None:
    response = await reject(reviewer, submission, "Please crop it.")
    assert response.status_code == 200
    assert response.json()["grade"] == "fail"
    record = await completion(client, course.exercise)
    assert (record["status"], record["progress_percentage"]) == ("in_progress", 99)
    assert record["completed_at"] is None
    path = f"/api/v1/resources/users/me/resources/{course.exercise}/submissions"
    (seen,) = (await client.get(path)).json()
    assert seen["review_comments"] == "Please crop it."


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"submission_status": "approved", "grade": "fail"}, "validation_error"),
        ({"submission_status": "rejected", "grade": "pass"}, "validation_error"),
        ({"submission_status": "superseded", "grade": "pass"}, "validation_error"),
        ({"submission_status": "approved"}, "validation_error"),
        ({"submission_status": "approved", "grade": "pass", "user_id": "x"}, "validation_error"),
        ({"submission_status": "rejected", "grade": "fail"}, "comments_required"),
        (
            {"submission_status": "rejected", "grade": "fail", "review_comments": " \n"},
            "comments_required",
        ),
        (
            {"submission_status": "approved", "grade": "pass", "review_comments": "c" * 10_001},
            "validation_error",
        ),
        (
            {"submission_status": "approved", "grade": "pass", "review_comments": "a\0b"},
            "validation_error",
        ),
    ],
)
async def test_a_decision_that_makes_no_sense_is_refused(
    reviewer: httpx.AsyncClient,
    submission: UUID,
    connection: Connection,
    body: dict[str, str],
    code: str,
) -> None:
    response = await reviewer.post(f"{ADMIN}/submissions/{submission}/review", json=body)
    problem = assert_problem(response, 422, code)
    assert problem["errors"]
    assert await connection.fetchval(STATUS, submission) == "uploaded"
    assert await history(reviewer, submission) == []


async def test_ten_thousand_characters_of_comments_are_kept(
    reviewer: httpx.AsyncClient, submission: UUID
) -> None:
    comments = "ü" * 10_000
    response = await reject(reviewer, submission, comments)
    assert response.json()["review_comments"] == comments


async def test_of_two_reviewers_at_once_exactly_one_decides(
    reviewer: httpx.AsyncClient,
    colleague: httpx.AsyncClient,
    connection: Connection,
    course: Course,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    for _ in range(10):
        submission = await make_submission(await make_user(), course.exercise)
        responses = await asyncio.gather(
            review(reviewer, submission, "approved"),
            reject(colleague, submission),
            review(reviewer, submission, "approved"),
            reject(colleague, submission),
        )
        decided = await connection.fetchval(STATUS, submission)
        answers = Counter(
            (response.status_code, response.json().get("code")) for response in responses
        )
        # The winner's own repetition changes nothing; the other reviewer is told both times.
        assert answers == {(200, None): 2, (409, "already_reviewed"): 2}
        assert {r.json()["submission_status"] for r in responses if r.status_code == 200} == {
            decided
        }
        assert len(await history(reviewer, submission)) == 1


async def test_the_loser_is_told_which_decision_stands(
    reviewer: httpx.AsyncClient, colleague: httpx.AsyncClient, submission: UUID
) -> None:
    await review(reviewer, submission, "approved")
    problem = assert_problem(await reject(colleague, submission), 409, "already_reviewed")
    assert problem["detail"] == (
        "This submission was already approved by Grace Teacher: that decision stands."
    )


async def test_the_same_decision_twice_is_recorded_once(
    reviewer: httpx.AsyncClient, colleague: httpx.AsyncClient, submission: UUID
) -> None:
    first = (await reject(reviewer, submission, "Too dark.")).json()
    for repeater in (reviewer, colleague):
        again = await reject(repeater, submission, "Too dark.")
        assert again.status_code == 200
        assert again.json() == first
        without_comments = await review(repeater, submission, "rejected")
        assert without_comments.status_code == 200
        assert without_comments.json() == first
    assert len(await history(reviewer, submission)) == 1


async def test_other_comments_are_another_decision(
    reviewer: httpx.AsyncClient, submission: UUID
) -> None:
    await reject(reviewer, submission, "Too dark.")
    changed = await reject(reviewer, submission, "Too bright.")
    assert_problem(changed, 409, "already_reviewed")


async def test_a_superseded_file_names_the_newer_one(
    reviewer: httpx.AsyncClient,
    learner: UUID,
    course: Course,
    submission: UUID,
    make_submission: MakeSubmission,
) -> None:
    await make_submission(learner, course.exercise)
    problem = assert_problem(await review(reviewer, submission, "approved"), 409, "superseded")
    assert problem["detail"] == "The learner has replaced this file: review attempt 2 instead."


async def test_an_unknown_or_withdrawn_file_is_not_there(
    reviewer: httpx.AsyncClient, client: httpx.AsyncClient, submission: UUID
) -> None:
    assert_problem(await review(reviewer, uuid4(), "approved"), 404, "submission_not_found")
    await client.delete(f"/api/v1/resources/users/me/submissions/{submission}")
    assert_problem(await review(reviewer, submission, "approved"), 404, "submission_not_found")


async def test_nobody_reviews_their_own_work(
    make_user: MakeUser,
    make_submission: MakeSubmission,
    sign_in: SignIn,
    course: Course,
    connection: Connection,
) -> None:
    for role in ("instructor", "admin"):
        author = await make_user(role=role)
        submission = await make_submission(author, course.exercise)
        own = await review(await sign_in(author), submission, "approved")
        assert_problem(own, 403, "own_work")
        with pytest.raises(asyncpg.CheckViolationError, match="own_work"):
            await connection.execute(
                """
                UPDATE resource_submissions
                SET submission_status = 'approved', reviewed_by = user_id WHERE id = $1
                """,
                submission,
            )
        assert await connection.fetchval(STATUS, submission) == "uploaded"


@pytest.mark.parametrize("statement", [
    "DELETE FROM resource_submissions",
    "TRUNCATE resource_submissions CASCADE",
    "DELETE FROM submission_decisions",
    "UPDATE submission_decisions SET review_comments = 'rewritten'",
])  # fmt: skip
async def test_what_was_handed_in_and_decided_cannot_be_erased(
    reviewer: httpx.AsyncClient, submission: UUID, connection: Connection, statement: str
) -> None:
    await reject(reviewer, submission)
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await connection.execute(statement)
    assert refusal.value.sqlstate == "ZB409"
    assert len(await history(reviewer, submission)) == 1


async def test_learners_have_no_access(client: httpx.AsyncClient, submission: UUID) -> None:
    assert_problem(await review(client, submission, "approved"), 403, "role_refused")
    response = await client.get(f"{ADMIN}/submissions/pending")
    assert_problem(response, 403, "role_refused")
    response = await client.get(f"{ADMIN}/submissions/{submission}/history")
    assert_problem(response, 403, "role_refused")


async def test_a_demotion_counts_from_the_next_request(
    reviewer: httpx.AsyncClient, connection: Connection, instructor: UUID, submission: UUID
) -> None:
    assert (await pending(reviewer))["total_pending"] == 1
    await connection.execute("UPDATE users SET role = 'student' WHERE id = $1", instructor)
    response = await reviewer.get(f"{ADMIN}/submissions/pending")
    assert_problem(response, 403, "role_refused")
    assert_problem(await review(reviewer, submission, "approved"), 403, "role_refused")
