"""The long proofs of the roll-ups; docs/soak.md keeps their last result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import psutil
import pytest

from aibc.database.migrate import migration_files
from aibc.database.pool import Connection
from rollups.recount import differences
from rollups.test_foreign_sql import IMPORT, make_learners
from rollups.world import RESOURCES

pytestmark = pytest.mark.soak

SAMPLE_DATA = migration_files()[0].with_name("sample_data.sql")
SAMPLE_PATHWAYS = ["image-generation", "prompt-engineering"]
ROUNDS = 100
AT_ONCE = 50
Say = Callable[[str, str], None]


async def test_fifty_parallel_completions_are_exact_in_a_hundred_of_a_hundred_rounds(
    bootcamp: Connection, database_url: str, soak_result: Say
) -> None:
    videos = [f"race-{number}" for number in range(AT_ONCE)]
    await bootcamp.executemany(
        "INSERT INTO resources (id, module_id, type, title) VALUES ($1, $2, 'video', 'Watch')",
        [(video, ("alpha-one", "alpha-two")[n % 2]) for n, video in enumerate(videos)],
    )
    exact = 0
    async with asyncpg.create_pool(database_url, min_size=20, max_size=20) as pool:
        for round_number in range(ROUNDS):
            learner = UUID(int=5000 + round_number)
            await bootcamp.execute(
                "INSERT INTO users (id, email, email_key, full_name) VALUES ($1, $2, $2, 'Racer')",
                learner,
                f"racer{round_number}@example.org",
            )
            await asyncio.gather(*(_complete(pool, learner, video) for video in videos))
            exact += not await differences(bootcamp)
    assert exact == ROUNDS
    soak_result("50 parallel completions of one learner", f"{exact} of {ROUNDS} rounds exact")


async def _complete(pool: asyncpg.Pool[Any], learner: UUID, video: str) -> None:
    async with pool.acquire() as connection:
        await connection.execute("SELECT learner_complete($1, $2, false)", learner, video)


async def test_a_bulk_import_of_ten_thousand_completions_is_exact_and_twenty_times_faster(
    bootcamp: Connection, soak_result: Say
) -> None:
    await bootcamp.execute(SAMPLE_DATA.read_text(encoding="utf-8"))
    resources = await bootcamp.fetchval(
        "SELECT array_agg(id) FROM live_resources WHERE pathway_id = ANY ($1)", SAMPLE_PATHWAYS
    )
    users = await make_learners(bootcamp, 220)
    one_by_one, at_once = users[:20], users[20:]
    assert len(at_once) * len(resources) == 10_000
    single = await _seconds_per_row(
        bootcamp, [([user], [resource]) for user in one_by_one for resource in resources]
    )
    bulk = await _seconds_per_row(bootcamp, [(at_once, resources)])
    assert await differences(bootcamp) == []
    assert single > 20 * bulk
    soak_result(
        "Bulk import of 10,000 completions of the sample pathways beside row by row",
        f"exact; {bulk * 1e6:.0f} µs of processor time a row,"
        f" {single / bulk:.0f} times faster than row by row",
    )


async def _seconds_per_row(
    connection: Connection, batches: list[tuple[list[UUID], list[str]]]
) -> float:
    """Of the server's processor: what else the machine does meanwhile does not count."""
    server = psutil.Process(connection.get_server_pid())
    before = server.cpu_times()
    for users, resources in batches:
        await connection.execute(IMPORT, users, resources)
    after = server.cpu_times()
    rows = sum(len(users) * len(resources) for users, resources in batches)
    return (after.user - before.user + after.system - before.system) / rows


async def test_a_curriculum_change_over_twenty_thousand_learners_in_one_transaction_is_exact(
    bootcamp: Connection, soak_result: Say
) -> None:
    users = await make_learners(bootcamp, 20_000)
    for place in range(0, len(users), 2_000):
        await bootcamp.execute(IMPORT, users[place : place + 2_000], RESOURCES)
    started = time.perf_counter()
    async with bootcamp.transaction():
        await bootcamp.execute("UPDATE resources SET is_required = false WHERE id = 'a1-video'")
        await bootcamp.execute(
            "INSERT INTO resources (id, module_id, type, title)"
            " VALUES ('late', 'alpha-one', 'video', 'Late')"
        )
    seconds = time.perf_counter() - started
    assert await differences(bootcamp) == []
    soak_result(
        "Two curriculum changes over 20,000 learners in one transaction",
        f"exact; {seconds:.0f} s, {seconds / 40_000 * 1e6:.0f} µs a learner and change",
    )
