"""Many attempts at the same moment, through the whole application."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx

from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeSlug, MakeUser
from progress.conftest import Course
from progress.learner_calls import read, taken
from progress.quiz_calls import (
    ALL_RIGHT,
    ALL_WRONG,
    THREE_RIGHT,
    attempt,
    edit_quiz,
    four_questions,
    past_attempts,
    question,
)
from rollups.recount import differences

AT_ONCE = 20
CORRECTED = {
    **four_questions(),
    "questions": [question("q1", "d"), *four_questions()["questions"][1:]],
}


async def test_of_twenty_attempts_at_once_exactly_as_many_as_allowed_are_taken(
    client: httpx.AsyncClient, course: Course, make_resource: MakeSlug, connection: Connection
) -> None:
    for allowed in (1, 3):
        metadata = four_questions(maxAttempts=allowed)
        quiz = await make_resource(course.module, type="quiz", metadata=metadata)
        answers = await asyncio.gather(*(attempt(client, quiz, ALL_WRONG) for _ in range(AT_ONCE)))
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses == {200: allowed, 409: AT_ONCE - allowed}
        refusals = {answer.json()["code"] for answer in answers if answer.status_code == 409}
        assert refusals == {"no_attempts_left"}
        numbers = [one["attempt"] for one in await past_attempts(client, quiz)]
        assert numbers == list(range(allowed, 0, -1))
    assert await differences(connection) == []


async def test_passes_and_fails_at_once_leave_one_completed_record(
    client: httpx.AsyncClient, course: Course, make_resource: MakeSlug, connection: Connection
) -> None:
    quiz = await make_resource(course.module, type="quiz", metadata=four_questions())
    sent = [ALL_RIGHT, ALL_WRONG, THREE_RIGHT] * 6
    answers = await asyncio.gather(*(attempt(client, quiz, one) for one in sent))
    assert {answer.status_code for answer in answers} == {200}
    record = taken(await read(client, quiz))
    assert (record["status"], record["metadata"]["quiz_score"]) == ("completed", 100)
    assert record["metadata"]["quiz_attempts"] == len(sent)
    assert await differences(connection) == []


async def test_first_attempts_of_many_learners_at_once_share_one_snapshot(
    course: Course,
    make_resource: MakeSlug,
    make_user: MakeUser,
    sign_in: SignIn,
    connection: Connection,
) -> None:
    quiz = await make_resource(course.module, type="quiz", metadata=four_questions())
    clients = [await sign_in(await make_user()) for _ in range(10)]
    answers = await asyncio.gather(*(attempt(one, quiz, ALL_RIGHT) for one in clients))
    assert {answer.status_code for answer in answers} == {200}
    assert await connection.fetchval("SELECT count(*) FROM quiz_snapshots") == 1


async def test_attempts_regrades_and_corrections_at_once_end_exact(
    course: Course,
    make_resource: MakeSlug,
    make_user: MakeUser,
    sign_in: SignIn,
    staff_client: httpx.AsyncClient,
    connection: Connection,
) -> None:
    """Option d was right in the first question all along; it is corrected under full load."""
    quiz = await make_resource(
        course.module, type="quiz", metadata=four_questions(passingScore=100)
    )
    regrade = f"/api/v1/resources/admin/quizzes/{quiz}/regrade"
    clients = [await sign_in(await make_user()) for _ in range(8)]
    for one in clients[:4]:
        await attempt(one, quiz, THREE_RIGHT)
    outcomes = await asyncio.gather(
        *(attempt(one, quiz, THREE_RIGHT) for one in clients),
        edit_quiz(connection, quiz, {**CORRECTED, "passingScore": 100}),
        *(staff_client.post(regrade, json={"dry_run": False}) for _ in range(3)),
        *(attempt(one, quiz, THREE_RIGHT) for one in clients),
    )
    assert {one.status_code for one in outcomes if one is not None} == {200}
    await staff_client.post(regrade, json={"dry_run": False})
    records = await connection.fetch("SELECT status FROM resource_completions")
    assert [record["status"] for record in records] == ["completed"] * len(clients)
    assert await connection.fetchval("SELECT bool_and(passed) FROM quiz_standings")
    assert await differences(connection) == []
