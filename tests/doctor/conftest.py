"""A small bootcamp in which something of every kind has happened, and ways to break it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from aibc.database.pool import Connection, Database
from aibc.doctor.examination import Wishes, examine
from aibc.doctor.findings import Report
from aibc.doctor.scope import Scope
from aibc.storage.local import LocalStore
from rollups.recount import differences
from rollups.world import (
    FILE_RESOURCES,
    LEARNERS,
    QUIZZES,
    STAFF,
    add_quizzes,
    attempt,
    build_world,
    hand_in,
    review,
)

Doctor: TypeAlias = Callable[..., Coroutine[Any, Any, Report]]

NO_FILES = Wishes(files=False)
REPAIR = Wishes(files=False, repair=True)


@pytest.fixture
async def bootcamp(database_url: str) -> AsyncIterator[Connection]:
    """One learner is done with everything, another waits, was rejected and has a hand-in."""
    connection = await asyncpg.connect(database_url)
    await build_world(connection)
    await add_quizzes(connection, required=False)
    ada, bob = LEARNERS
    for resource in ("a1-video", "a2-article", "b1-video"):
        await connection.execute(
            "SELECT learner_report($1, $2, 'completed', NULL, 30, NULL, NULL, false)", ada, resource
        )
    for resource in FILE_RESOURCES:
        submission = await hand_in(connection, ada, resource)
        await review(connection, STAFF[0], submission, "approved")
    for quiz in QUIZZES:
        await attempt(connection, ada, quiz, {"q1": "a", "q2": ["a", "b"]})
    await attempt(connection, bob, QUIZZES[0], {"q1": "b"})
    await hand_in(connection, bob, "a1-exercise")
    await review(connection, STAFF[0], await hand_in(connection, bob, "a2-exercise"), "rejected")
    await connection.execute("SELECT learner_complete($1, 'b1-video', false)", bob)
    await connection.execute(
        "SELECT decide_module($1, true, id, 'rejected', 'Again, please.', true)"
        " FROM module_completions WHERE user_id = $2 AND module_id = 'beta-one'",
        STAFF[1],
        bob,
    )
    assert await differences(connection) == []
    yield connection
    await connection.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    store = LocalStore(tmp_path / "storage")
    yield store
    await store.close()


@pytest.fixture
def doctor(database: Database, store: LocalStore) -> Doctor:
    """`await doctor(wishes, scope)`: the report of an examination."""

    async def run(wishes: Wishes = NO_FILES, scope: Scope | None = None) -> Report:
        async def find_scope() -> Scope:
            return scope or Scope()

        return await examine(database, store, find_scope, wishes, lambda *_: None)

    return run


async def corrupt(connection: Connection, statement: str, *arguments: object) -> None:
    """Change rows behind the back of every trigger and foreign key."""
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        assert await connection.execute(statement, *arguments) not in ("UPDATE 0", "DELETE 0")
