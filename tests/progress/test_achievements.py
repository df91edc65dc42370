"""Achievements are awarded by the database, once, and never taken back."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx

from fixtures.catalog import Connection, MakeSlug, MakeSubmission, MakeUser
from progress.conftest import Course
from progress.learner_calls import complete, report, start, taken, uncomplete

PROGRESS = "/api/v1/progress"


async def earned(client: httpx.AsyncClient) -> set[str]:
    listed: list[dict[str, Any]] = (await client.get(f"{PROGRESS}/achievements")).json()
    return {one["id"] for one in listed if one["earned"]}


async def test_all_achievements_are_listed_with_what_they_take(client: httpx.AsyncClient) -> None:
    listed = (await client.get(f"{PROGRESS}/achievements")).json()
    assert len(listed) >= 12
    assert all(one["name"] and one["description"] and one["icon"] for one in listed)
    assert all((one["earned"], one["earned_at"]) == (False, None) for one in listed)
    assert (await client.get(f"{PROGRESS}/achievements/user")).json() == []


async def test_starting_earns_nothing_and_the_first_completion_does(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await start(client, course.video))
    assert await earned(client) == set()
    taken(await complete(client, course.video))
    assert await earned(client) == {"first-step"}


async def test_an_achievement_stays_when_its_reason_goes(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await complete(client, course.video))
    first = (await client.get(f"{PROGRESS}/achievements/user")).json()
    taken(await uncomplete(client, course.video))
    taken(await complete(client, course.video))
    assert (await client.get(f"{PROGRESS}/achievements/user")).json() == first


async def test_files_and_their_passes_are_achievements(
    client: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    connection: Connection,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    submission = await make_submission(learner, course.project)
    assert await earned(client) == {"first-hand-in"}
    await connection.execute(
        "SELECT review_submission($1, false, $2, 'approved', NULL, false)",
        await make_user(role="instructor"),
        submission,
    )
    assert await earned(client) == {"first-hand-in", "first-pass", "first-step"}


async def test_a_passed_quiz_is_an_achievement(
    client_graded_client: httpx.AsyncClient, course: Course
) -> None:
    taken(await complete(client_graded_client, course.quiz))
    assert await earned(client_graded_client) == {"first-quiz", "first-step"}


async def test_approved_modules_and_a_whole_pathway_are_achievements(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    taken(await complete(client, course.last))
    assert await earned(client) == {"first-step", "first-module"}
    await connection.execute("UPDATE modules SET is_published = false WHERE id = $1", course.module)
    assert await earned(client) == {"first-step", "first-module", "first-pathway"}


async def test_ten_hours_on_one_pathway_are_an_achievement(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await report(client, course.video, time_spent_minutes=300))
    taken(await report(client, course.article, time_spent_minutes=299))
    assert await earned(client) == set()
    taken(await report(client, course.article, time_spent_minutes=300))
    assert await earned(client) == {"ten-hours"}


async def test_days_in_a_row_are_achievements(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    for _ in range(7):
        taken(await start(client, course.video))
        await connection.execute(
            "UPDATE user_streaks SET last_activity_date = last_activity_date - 1"
        )
    assert await earned(client) == {"streak-3", "streak-7"}


async def test_what_counts_across_pathways_is_exact_when_it_happens_at_once(
    client: httpx.AsyncClient,
    connection: Connection,
    make_pathway: MakeSlug,
    make_module: MakeSlug,
    make_resource: MakeSlug,
) -> None:
    """Five modules on five pathways approved at the same moment, several times over."""
    for _ in range(5):
        await connection.execute("DELETE FROM user_achievements")
        videos = [
            await make_resource(await make_module(await make_pathway()), type="video")
            for _ in range(5)
        ]
        answers = await asyncio.gather(*(complete(client, video) for video in videos))
        assert {answer.status_code for answer in answers} == {200}
        assert {"first-module", "five-modules", "first-pathway", "three-pathways"} <= await earned(
            client
        )
    assert "steady-worker" in await earned(client)


async def test_an_import_by_sql_awards_everybody_it_concerns(
    course: Course, connection: Connection, make_user: MakeUser
) -> None:
    learners = [await make_user() for _ in range(20)]
    await connection.execute(
        """
        INSERT INTO resource_completions (user_id, resource_id, status, time_spent_minutes)
        SELECT learner, $2, 'completed', 600 FROM unnest($1::uuid[]) AS learner
        """,
        learners,
        course.last,
    )
    rows = await connection.fetch(
        "SELECT achievement_id, count(*) AS learners FROM user_achievements GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [
        ("first-module", 20),
        ("first-step", 20),
        ("ten-hours", 20),
    ]
