"""People who act at the same moment leave the figures of people who act in turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from aibc.database.pool import Connection, Database
from rollups.recount import differences
from rollups.test_foreign_sql import make_learners
from rollups.world import LEARNERS, STAFF, hand_in
from submissions.waiting import until

LEARNER = LEARNERS[0]
AT_ONCE = 50
# A twentieth of what `make soak` does.
ROUNDS = 5


@pytest.fixture
async def pool(bootcamp: Connection, database_url: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    """Twenty connections to the small bootcamp, opened before the race starts."""
    async with asyncpg.create_pool(database_url, min_size=20, max_size=20) as pool:
        yield pool


async def race(
    pool: asyncpg.Pool[Any], act: Callable[[Connection, int], Awaitable[Any]], times: int = AT_ONCE
) -> list[Any]:
    """Let `act` happen `times` times at once. Returns results and refusals in order."""

    async def one(number: int) -> Any:
        async with pool.acquire() as connection:
            return await act(cast(Connection, connection), number)

    return await asyncio.gather(*(one(number) for number in range(times)), return_exceptions=True)


async def somebody_waits_for_a_lock(connection: Connection) -> bool:
    return bool(
        await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
    )


async def add_videos(connection: Connection, modules: list[str], count: int) -> list[str]:
    ids = [f"race-{number}" for number in range(count)]
    await connection.executemany(
        "INSERT INTO resources (id, module_id, type, title) VALUES ($1, $2, 'video', 'Watch')",
        [(id_, modules[number % len(modules)]) for number, id_ in enumerate(ids)],
    )
    return ids


async def complete(videos: list[str], learner: UUID, connection: Connection, number: int) -> Any:
    return await connection.fetchval(
        "SELECT status FROM learner_complete($1, $2, false)", learner, videos[number]
    )


@pytest.mark.parametrize("modules", [["alpha-two"], ["alpha-one", "alpha-two"]])
async def test_fifty_parallel_completions_of_one_learner_are_all_counted(
    bootcamp: Connection, pool: asyncpg.Pool[Any], modules: list[str]
) -> None:
    videos = await add_videos(bootcamp, modules, AT_ONCE)
    for learner in await make_learners(bootcamp, ROUNDS):
        results = await race(pool, partial(complete, videos, learner))
        assert results == ["completed"] * AT_ONCE
        assert await differences(bootcamp) == []


async def test_fifty_parallel_first_touches_all_succeed_and_make_one_record(
    bootcamp: Connection, pool: asyncpg.Pool[Any]
) -> None:
    results = await race(
        pool,
        lambda connection, _: connection.fetchval(
            "SELECT id FROM learner_start($1, 'a1-video', NULL)", LEARNER
        ),
    )
    assert len(set(results)) == 1
    assert isinstance(results[0], UUID)


async def test_reports_that_cross_lose_neither_time_nor_percentage(
    bootcamp: Connection, pool: asyncpg.Pool[Any]
) -> None:
    await race(
        pool,
        lambda connection, n: connection.execute(
            "SELECT learner_report($1, 'a1-exercise', NULL, $2, $3, NULL, NULL, false)",
            LEARNER,
            n,
            2 * n,
        ),
    )
    row = await bootcamp.fetchrow(
        "SELECT progress_percentage, time_spent_minutes FROM resource_completions"
    )
    assert row is not None
    assert tuple(row) == (AT_ONCE - 1, 2 * (AT_ONCE - 1))


async def test_of_many_reviewers_at_once_exactly_one_decides(
    bootcamp: Connection, pool: asyncpg.Pool[Any]
) -> None:
    submission = await hand_in(bootcamp, LEARNER, "a1-exercise")

    async def decide(connection: Connection, number: int) -> str:
        return await connection.fetchval(  # type: ignore[no-any-return]
            "SELECT submission_status FROM review_submission($1, false, $2, $3, $4, false)",
            STAFF[number % 2],
            submission,
            ["approved", "rejected"][number % 2],
            "Because.",
        )

    results = await race(pool, decide, times=20)
    decided = {result for result in results if isinstance(result, str)}
    refused = [result for result in results if isinstance(result, asyncpg.PostgresError)]
    assert len(decided) == 1
    assert {error.sqlstate for error in refused} == {"ZB409"}
    assert len(refused) == 10
    assert await bootcamp.fetchval("SELECT count(*) FROM submission_decisions") == 1


async def test_parallel_uploads_of_one_resource_leave_one_waiting_and_number_the_attempts(
    bootcamp: Connection, pool: asyncpg.Pool[Any]
) -> None:
    results = await race(
        pool, lambda connection, _: hand_in(connection, LEARNER, "a1-exercise"), times=12
    )
    assert all(isinstance(result, UUID) for result in results)
    rows = await bootcamp.fetch(
        "SELECT attempt, submission_status FROM resource_submissions ORDER BY attempt"
    )
    assert [row["attempt"] for row in rows] == list(range(1, 13))
    assert [row["submission_status"] for row in rows] == ["superseded"] * 11 + ["uploaded"]


async def test_fifty_parallel_claims_give_exactly_ten_places(
    bootcamp: Connection, pool: asyncpg.Pool[Any]
) -> None:
    refusals = await race(
        pool,
        lambda connection, _: connection.fetchval(
            "SELECT refusal_code FROM claim_upload("
            "$1, 'a1-exercise', 'multipart', 10, 10, 1000000, 30, '1 hour')",
            LEARNER,
        ),
    )
    assert refusals.count(None) == 10
    assert refusals.count("upload_limit_reached") == AT_ONCE - 10


async def test_a_curriculum_change_and_learners_who_arrive_meanwhile_agree(
    bootcamp: Connection, pool: asyncpg.Pool[Any]
) -> None:
    users = [UUID(int=100 + number) for number in range(20)]
    await bootcamp.executemany(
        "INSERT INTO users (id, email, email_key, full_name) VALUES ($1, $2, $2, 'New')",
        [(user, f"new{user.int}@example.org") for user in users],
    )

    async def act(connection: Connection, number: int) -> None:
        if number % 5 == 0:
            await connection.execute(
                "INSERT INTO resources (id, module_id, type, title)"
                " VALUES ($1, 'alpha-two', 'video', 'New')",
                f"new-{number}",
            )
        else:
            await connection.execute(
                "SELECT learner_complete($1, 'a2-article', false)", users[number]
            )

    results = await race(pool, act, times=20)
    assert results == [None] * 20


async def test_two_bulk_writes_in_opposite_order_both_get_through(
    bootcamp: Connection, database: Database
) -> None:
    import_rows = (
        "INSERT INTO resource_completions (user_id, resource_id, status)"
        " SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])"
        " ON CONFLICT (user_id, resource_id) DO UPDATE SET time_spent_minutes ="
        " resource_completions.time_spent_minutes + 1"
    )
    rows = [(user, r, "completed") for user in LEARNERS for r in ("a1-video", "b1-video")]

    async def bulk(number: int) -> None:
        ordered = rows if number % 2 else rows[::-1]
        await database.execute(
            import_rows, *(list(column) for column in zip(*ordered, strict=True))
        )

    for _ in range(5):
        await asyncio.gather(bulk(0), bulk(1))
    minutes = await bootcamp.fetchval("SELECT sum(time_spent_minutes) FROM resource_completions")
    assert minutes == 9 * len(rows)


@pytest.mark.parametrize(
    "move",
    [
        "UPDATE modules SET pathway_id = 'beta' WHERE id = 'alpha-two'",
        "UPDATE resources SET module_id = 'beta-one' WHERE id = 'a2-article'",
    ],
)
async def test_a_record_inserted_by_hand_while_its_place_moves_stands_in_the_new_place(
    bootcamp: Connection, pool: asyncpg.Pool[Any], move: str
) -> None:
    await bootcamp.execute("SELECT learner_start($1, 'a1-video', NULL)", LEARNER)
    async with pool.acquire() as editor, pool.acquire() as operator:
        change = editor.transaction()
        await change.start()
        await editor.execute(move)
        inserting = asyncio.create_task(
            operator.execute(
                "INSERT INTO resource_completions (user_id, resource_id, status)"
                " VALUES ($1, 'a2-article', 'completed')",
                LEARNER,
            )
        )
        await until(partial(somebody_waits_for_a_lock, bootcamp))
        await change.commit()
        await inserting
    place = await bootcamp.fetchval("SELECT pathway_id FROM resource_completions ORDER BY 1 DESC")
    assert place == "beta"
    assert await differences(bootcamp) == []


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read"])
@pytest.mark.parametrize("minutes", ["time_spent_minutes + 5", "0"])
@pytest.mark.parametrize(
    "meanwhile",
    [
        "SELECT learner_complete($1, 'a2-article', false)",
        "SELECT learner_report($1, 'a1-exercise', NULL, 40, 60, NULL, NULL, false)",
        "UPDATE resource_completions SET time_spent_minutes = 1"
        " WHERE user_id = $1 AND resource_id = 'a2-article'",
        "UPDATE modules SET pathway_id = 'beta' WHERE $1::uuid IS NOT NULL AND id = 'alpha-two'",
    ],
)
async def test_minutes_written_by_hand_and_what_happens_meanwhile_are_both_counted(
    bootcamp: Connection, pool: asyncpg.Pool[Any], isolation: Any, minutes: str, meanwhile: str
) -> None:
    """Whoever began on a moment that has passed is refused, and has to try again."""
    for resource in ("a1-video", "a2-article"):
        await bootcamp.execute(
            "SELECT learner_report($1, $2, NULL, 10, 20, NULL, NULL, false)", LEARNER, resource
        )
    by_hand = (
        f"UPDATE resource_completions SET time_spent_minutes = {minutes}"
        " WHERE user_id = $1 AND resource_id = 'a1-video'"
    )
    async with pool.acquire() as operator, pool.acquire() as other:
        work = operator.transaction(isolation=isolation)
        await work.start()
        await operator.fetchval("SELECT count(*) FROM resource_completions")
        await other.execute(meanwhile, LEARNER)
        if isolation == "repeatable_read":
            with pytest.raises(asyncpg.SerializationError):
                await operator.execute(by_hand, LEARNER)
            await work.rollback()
        else:
            await operator.execute(by_hand, LEARNER)
            await work.commit()
    assert await differences(bootcamp) == []


async def test_minutes_written_by_hand_wait_for_the_learner_and_miss_nothing(
    bootcamp: Connection, pool: asyncpg.Pool[Any]
) -> None:
    for resource in ("a1-video", "a2-article"):
        await bootcamp.execute("SELECT learner_start($1, $2, NULL)", LEARNER, resource)
    lower = (
        "UPDATE resource_completions SET time_spent_minutes = $2"
        " WHERE user_id = $1 AND resource_id = $3"
    )
    async with pool.acquire() as first, pool.acquire() as second:
        held = first.transaction()
        await held.start()
        await first.execute(lower, LEARNER, 40, "a1-video")
        waiting = asyncio.create_task(second.execute(lower, LEARNER, 2, "a2-article"))
        await until(partial(somebody_waits_for_a_lock, bootcamp))
        await held.commit()
        await waiting
    assert await bootcamp.fetchval("SELECT total_time_spent_minutes FROM user_progress") == 42


async def test_a_report_that_waits_while_its_resource_moves_counts_where_it_went(
    bootcamp: Connection, pool: asyncpg.Pool[Any]
) -> None:
    report = "SELECT pathway_id FROM learner_report($1, $2, NULL, 10, $3, NULL, NULL, false)"
    await bootcamp.execute(report, LEARNER, "a2-article", 20)
    async with pool.acquire() as editor, pool.acquire() as learner:
        change = editor.transaction()
        await change.start()
        await editor.execute("UPDATE modules SET pathway_id = 'beta' WHERE id = 'alpha-two'")
        reporting = asyncio.create_task(learner.fetchval(report, LEARNER, "a2-article", 30))
        await until(partial(somebody_waits_for_a_lock, bootcamp))
        await change.commit()
        assert await reporting == "beta"
    minutes = await bootcamp.fetch(
        "SELECT pathway_id, total_time_spent_minutes FROM user_progress ORDER BY pathway_id"
    )
    assert [tuple(row) for row in minutes] == [("alpha", 0), ("beta", 30)]
