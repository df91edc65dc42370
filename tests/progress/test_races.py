"""Many requests of one learner at the same moment, through the whole application."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx

from fixtures.catalog import Connection, MakeSlug
from progress.conftest import Course
from progress.learner_calls import complete, read, report, start, taken
from rollups.recount import differences

AT_ONCE = 50


async def test_fifty_first_touches_at_once_all_succeed_on_one_record(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    answers = await asyncio.gather(*(start(client, course.video) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await connection.fetchval("SELECT count(*) FROM resource_completions") == 1


async def test_first_touches_of_different_kinds_at_once_all_succeed(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    answers = await asyncio.gather(
        *(start(client, course.article) for _ in range(15)),
        *(report(client, course.article, time_spent_minutes=n) for n in range(15)),
        *(complete(client, course.article) for _ in range(15)),
    )
    assert {answer.status_code for answer in answers} == {200}
    record = taken(await read(client, course.article))
    assert (record["status"], record["time_spent_minutes"]) == ("completed", 14)
    assert await differences(connection) == []


async def test_fifty_completions_at_once_across_modules_are_all_counted(
    client: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    connection: Connection,
    make_resource: MakeSlug,
) -> None:
    videos = [
        await make_resource(module, type="video")
        for _ in range(AT_ONCE // 2)
        for module in (course.module, course.second_module)
    ]
    answers = await asyncio.gather(*(complete(client, video) for video in videos))
    assert {answer.status_code for answer in answers} == {200}
    rows = await connection.fetch(
        "SELECT module_id, progress_percentage FROM module_progress WHERE user_id = $1", learner
    )
    assert {row["module_id"]: row["progress_percentage"] for row in rows} == {
        course.module: 100 * 25 // 30,
        course.second_module: 100 * 25 // 26,
    }
    assert await differences(connection) == []


async def test_two_tabs_that_report_at_once_lose_nothing(
    client: httpx.AsyncClient, course: Course
) -> None:
    for turn in range(1, 11):
        one, other = await asyncio.gather(
            report(
                client, course.exercise, time_spent_minutes=turn * 10, metadata={f"one{turn}": turn}
            ),
            report(
                client,
                course.exercise,
                progress_percentage=turn * 9,
                notes=f"Turn {turn}",
                metadata={f"other{turn}": turn},
            ),
        )
        assert {one.status_code, other.status_code} == {200}
    record = taken(await read(client, course.exercise))
    assert (record["progress_percentage"], record["time_spent_minutes"]) == (90, 100)
    assert record["notes"] == "Turn 10"
    assert len(record["metadata"]) == 20


async def test_learners_who_finish_side_by_side_each_get_their_own_figures(
    client: httpx.AsyncClient,
    staff_client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
) -> None:
    await asyncio.gather(
        *(
            complete(one, resource)
            for one in (client, staff_client)
            for resource in (course.video, course.article, course.exercise, course.last)
        )
    )
    figures = await connection.fetch(
        "SELECT progress_percentage, completed_modules FROM user_progress"
    )
    assert [tuple(row) for row in figures] == [(80, 1), (80, 1)]
    assert await differences(connection) == []
