"""Days in a row with activity, by the database's UTC day."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from fixtures.catalog import Connection, MakeSubmission, MakeUser
from progress.conftest import Course
from progress.learner_calls import complete, report, start, taken, uncomplete


async def streak(client: httpx.AsyncClient) -> dict[str, Any]:
    return taken(await client.get("/api/v1/progress/streak"))


async def let_days_pass(connection: Connection, days: int) -> None:
    """What was done today was done so many days ago."""
    await connection.execute(
        "UPDATE user_streaks SET last_activity_date = last_activity_date - $1::int", days
    )


async def test_without_activity_there_is_no_streak(
    client: httpx.AsyncClient, course: Course
) -> None:
    await client.get(f"/api/v1/progress/pathways/{course.pathway}")
    assert await streak(client) == {
        "current_streak": 0,
        "longest_streak": 0,
        "last_activity_date": None,
        "updated_at": None,
    }


async def test_several_acts_of_one_day_count_once(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    for act in (start, report, complete, uncomplete):
        taken(await act(client, course.video))
    shown = await streak(client)
    assert (shown["current_streak"], shown["longest_streak"]) == (1, 1)
    today = await connection.fetchval("SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date")
    assert shown["last_activity_date"] == today.isoformat()


async def test_the_next_day_goes_on_and_a_day_without_activity_breaks_it(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    for day in (1, 2, 3):
        taken(await start(client, course.video))
        assert (await streak(client))["current_streak"] == day
        await let_days_pass(connection, 1)
    assert (await streak(client))["current_streak"] == 3
    await let_days_pass(connection, 1)
    broken = await streak(client)
    assert (broken["current_streak"], broken["longest_streak"]) == (0, 3)
    taken(await start(client, course.video))
    again = await streak(client)
    assert (again["current_streak"], again["longest_streak"]) == (1, 3)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/resources/users/me/resources/{0.video}/start", {}),
        ("PUT", "/api/v1/resources/users/me/resources/{0.quiz}/progress", {}),
        ("POST", "/api/v1/resources/users/me/resources/{0.article}/complete", None),
        ("POST", "/api/v1/progress/user/start-pathway", {"pathway_id": "{0.pathway}"}),
        ("PUT", "/api/v1/progress/user/pathway/{0.pathway}", {}),
    ],
)
async def test_every_kind_of_write_is_activity(
    client: httpx.AsyncClient,
    course: Course,
    method: str,
    path: str,
    body: dict[str, str] | None,
) -> None:
    sent = body and {name: value.format(course) for name, value in body.items()}
    taken(await client.request(method, path.format(course), json=sent))
    assert (await streak(client))["current_streak"] == 1


async def test_handing_in_what_stands_already_is_activity(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    taken(await complete(client, course.last))
    await let_days_pass(connection, 1)
    body = {"module_id": course.second_module, "pathway_id": course.pathway}
    taken(await client.post("/api/v1/progress/modules/complete", json=body))
    assert (await streak(client))["current_streak"] == 2


async def test_what_is_refused_is_no_activity(client: httpx.AsyncClient, course: Course) -> None:
    assert (await complete(client, course.project)).status_code == 409
    assert (await streak(client))["current_streak"] == 0


async def test_handing_in_a_file_and_taking_it_back_are_activity_and_its_review_is_not(
    client: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    connection: Connection,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    taken(await start(client, course.video))
    await let_days_pass(connection, 1)
    submission = await make_submission(learner, course.project)
    assert (await streak(client))["current_streak"] == 2
    await let_days_pass(connection, 1)
    reviewer = await make_user(role="instructor")
    await connection.execute(
        "SELECT review_submission($1, false, $2, 'rejected', 'Again.', false)", reviewer, submission
    )
    shown = await streak(client)
    assert (shown["current_streak"], shown["longest_streak"]) == (2, 2)
    newer = await make_submission(learner, course.project)
    assert (await streak(client))["current_streak"] == 3
    await let_days_pass(connection, 1)
    await connection.execute("SELECT withdraw_submission($1, $2)", learner, newer)
    assert (await streak(client))["current_streak"] == 4


async def test_first_acts_of_a_day_at_once_count_one_day(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    taken(await start(client, course.video))
    await let_days_pass(connection, 1)
    await asyncio.gather(
        *(start(client, resource) for resource in (*course.resources, course.last) * 5)
    )
    assert (await streak(client))["current_streak"] == 2
