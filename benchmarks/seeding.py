"""Fills a database with a scale's data: in bulk, with every trigger of the product at work.

The figures are therefore the product's own, counted as they would be for an operator's import.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg

from aibc.accounts.passwords import Passwords
from aibc.database.migrate import migrate
from benchmarks import curriculum
from benchmarks.histories import COMPLETION_COLUMNS, SUBMISSION_COLUMNS, history
from benchmarks.identities import (
    instructor_id,
    instructor_session_id,
    learner_email,
    learner_id,
    session_id,
)
from benchmarks.postgres import Postgres
from benchmarks.scales import INSTRUCTORS, Scale

PASSWORD = "Bootcamp-2026!"  # noqa: S105  # of people who do not exist
AT_ONCE = 250  # learners in one statement
CONNECTIONS = 2
SESSIONS_END = datetime(2099, 1, 1, tzinfo=UTC)
VERSION = 1  # of what is seeded: another one is seeded anew

Advance = Callable[[int], None]


def template_name(scale: Scale) -> str:
    return f"seeded_{scale.name}_{VERSION}"


def seed(postgres: Postgres, scale: Scale, advance: Advance) -> str:
    """Make the scale's template if there is none, and return its name.

    `advance` is told how many more learners are in.
    """
    name = template_name(scale)
    if postgres.has(name):
        asyncio.run(migrate(postgres.url(name)))
        return name
    unfinished = f"{name}_unfinished"
    postgres.drop(unfinished)
    postgres.run(f'CREATE DATABASE "{unfinished}"')
    asyncio.run(fill(postgres.url(unfinished), scale, advance))
    postgres.run("VACUUM (FREEZE, ANALYZE)", unfinished)
    postgres.rename(unfinished, name)
    return name


async def fill(url: str, scale: Scale, advance: Advance) -> None:
    """Migrate an empty database and put everybody and everything in."""
    await migrate(url)
    connection = await asyncpg.connect(url)
    await _furnish(connection)
    await connection.close()
    batches = asyncio.Queue[range]()
    for first in range(0, scale.learners, AT_ONCE):
        batches.put_nowait(range(first, min(first + AT_ONCE, scale.learners)))
    password_hash = Passwords().hash_now(PASSWORD)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CONNECTIONS):
            tasks.create_task(_work(url, batches, password_hash, advance))


async def _furnish(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    for table in curriculum.tables():
        await connection.copy_records_to_table(
            table.name, records=table.rows, columns=table.columns
        )
    numbers = range(INSTRUCTORS)
    await _add_people(
        connection,
        [
            (instructor_id(n), f"instructor-{n}@example.org", f"Instructor {n}", "instructor", None)
            for n in numbers
        ],
        [(instructor_session_id(n), instructor_id(n), SESSIONS_END) for n in numbers],
    )


async def _work(
    url: str, batches: asyncio.Queue[range], password_hash: str, advance: Advance
) -> None:
    connection = await asyncpg.connect(url)
    while not batches.empty():
        numbers = batches.get_nowait()
        # A crash of the machine while seeding costs no more than to seed again.
        async with connection.transaction():
            await connection.execute("SET LOCAL synchronous_commit = off")
            await _add_learners(connection, numbers, password_hash)
        advance(len(numbers))
    await connection.close()


async def _add_learners(
    connection: asyncpg.Connection[asyncpg.Record], numbers: range, password_hash: str
) -> None:
    await _add_people(
        connection,
        [
            (learner_id(n), learner_email(n), f"Learner {n}", "student", password_hash)
            for n in numbers
        ],
        [(session_id(n), learner_id(n), SESSIONS_END) for n in numbers],
    )
    histories = [history(number) for number in numbers]
    await connection.copy_records_to_table(
        "resource_completions",
        records=[row for one in histories for row in one.completions],
        columns=COMPLETION_COLUMNS,
    )
    await connection.copy_records_to_table(
        "resource_submissions",
        records=[row for one in histories for row in one.submissions],
        columns=SUBMISSION_COLUMNS,
    )


async def _add_people(
    connection: asyncpg.Connection[asyncpg.Record],
    people: list[tuple[object, str, str, str, str | None]],
    sessions: list[tuple[object, object, datetime]],
) -> None:
    await connection.copy_records_to_table(
        "users",
        records=[
            (who, email, email, name, role, secret) for who, email, name, role, secret in people
        ],
        columns=["id", "email", "email_key", "full_name", "role", "password_hash"],
    )
    await connection.copy_records_to_table(
        "sessions", records=sessions, columns=["id", "user_id", "expires_at"]
    )
