"""What crashes leave behind, and how it is settled."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from aibc.app import Application, create_app
from aibc.database.leases import Lease
from aibc.database.pool import Database
from aibc.settings import Settings
from aibc.storage.local import LocalStore
from aibc.storage.store import StorageUnavailable
from aibc.submissions.sweep import TEMPORARY_AGE, sweep
from fixtures.catalog import Connection
from submissions.calls import PNG, hand_in, handed_in, stored_files, upload_states
from submissions.conftest import Course


async def crashed_upload(
    connection: Connection, learner: UUID, resource: str, *, expired: bool, key: str | None = None
) -> UUID:
    """The row of an upload whose process is gone."""
    upload_id: UUID = await connection.fetchval(
        """
        INSERT INTO uploads
            (user_id, resource_id, transport, reserved_bytes, expires_at, object_key)
        VALUES ($1, $2, 'multipart', 1000, clock_timestamp() + $3::interval, $4) RETURNING id
        """,
        learner,
        resource,
        timedelta(seconds=-1 if expired else 600),
        key,
    )
    return upload_id


async def test_expired_uploads_are_settled_and_living_ones_left_alone(
    database: Database, connection: Connection, learner: UUID, course: Course, tmp_path: Path
) -> None:
    store = LocalStore(tmp_path / "store")
    for _ in range(3):
        await crashed_upload(connection, learner, course.exercise, expired=True)
    await crashed_upload(connection, learner, course.exercise, expired=False)
    swept = await sweep(database, store)
    assert (swept.settled, swept.objects_left) == (3, [])
    assert await upload_states(connection) == ["abandoned"] * 3 + ["claimed"]
    assert (await sweep(database, store)).settled == 0


async def test_an_abandoned_upload_counts_against_nothing(
    application: Application,
    client: httpx.AsyncClient,
    connection: Connection,
    learner: UUID,
    course: Course,
) -> None:
    for _ in range(10):
        await crashed_upload(connection, learner, course.exercise, expired=True)
    assert (await hand_in(client, course.exercise)).status_code == 429
    state = application.state.aibc
    await sweep(state.database, state.store)  # or the service itself, should it be just at it
    assert await upload_states(connection) == ["abandoned"] * 10
    assert (await hand_in(client, course.exercise)).status_code == 200


async def test_the_object_of_an_upload_that_never_finished_is_kept_and_named(
    application: Application,
    client: httpx.AsyncClient,
    connection: Connection,
    learner: UUID,
    course: Course,
    storage: Path,
) -> None:
    receipt = await handed_in(client, course.exercise)
    finished = storage / receipt["gcs_url"].removeprefix("local://")
    orphan = finished.with_name("2026-01-01_00-00-00_work.png")
    orphan.write_bytes(PNG)
    key = str(orphan.relative_to(storage))
    await crashed_upload(connection, learner, course.exercise, expired=True, key=key)
    state = application.state.aibc
    swept = await sweep(state.database, state.store)
    assert swept.objects_left == [f"local://{key}"]
    assert stored_files(storage) == sorted([finished, orphan])
    assert await connection.fetchval("SELECT count(*) FROM resource_submissions") == 1


async def test_an_upload_swept_while_it_was_stored_becomes_no_submission(
    application: Application,
    client: httpx.AsyncClient,
    connection: Connection,
    course: Course,
    storage: Path,
) -> None:
    state = application.state.aibc
    real_put = state.store.put

    async def slow_put(*arguments: object, **options: object) -> object:
        stored = await real_put(*arguments, **options)
        await connection.execute("UPDATE uploads SET expires_at = clock_timestamp()")
        await sweep(state.database, state.store)
        return stored

    state.store.put = slow_put
    response = await hand_in(client, course.exercise)
    assert response.status_code == 409
    assert response.json()["code"] == "upload_over"
    assert await upload_states(connection) == ["abandoned"]
    assert await connection.fetchval("SELECT count(*) FROM resource_submissions") == 0
    assert len(stored_files(storage)) == 1


async def test_half_written_files_go_once_they_are_old(database: Database, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    old, fresh = (tmp_path / "store" / ".temporary" / name for name in ("old.part", "new.part"))
    old.write_bytes(b"half")
    fresh.write_bytes(b"half")
    past = time.time() - TEMPORARY_AGE.total_seconds() - 1
    os.utime(old, (past, past))
    assert (await sweep(database, store)).temporary_files == 1
    assert stored_files(tmp_path / "store") == [fresh]


async def test_a_store_that_does_not_answer_leaves_the_upload_for_the_next_sweep(
    database: Database, connection: Connection, learner: UUID, course: Course, tmp_path: Path
) -> None:
    store = LocalStore(tmp_path / "store")
    upload = await crashed_upload(connection, learner, course.exercise, expired=True, key="a/b.png")

    async def away(key: str) -> bool:
        raise StorageUnavailable(key)

    answering, store.exists = store.exists, away  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable):
        await sweep(database, store)
    assert await upload_states(connection) == ["claimed"]
    store.exists = answering  # type: ignore[method-assign]
    assert (await sweep(database, store)).settled == 1
    state = await connection.fetchval("SELECT state FROM uploads WHERE id = $1", upload)
    assert state == "abandoned"


async def test_a_running_service_sweeps_by_itself(
    connection: Connection, learner: UUID, course: Course, settings: Settings
) -> None:
    await crashed_upload(connection, learner, course.exercise, expired=True)
    service = create_app(settings)
    async with service.router.lifespan_context(service):
        for _ in range(200):
            if await upload_states(connection) == ["abandoned"]:
                break
            await asyncio.sleep(0.05)
    assert await upload_states(connection) == ["abandoned"]


async def test_one_process_at_a_time_holds_a_lease(
    database: Database, connection: Connection
) -> None:
    first = Lease("job", timedelta(minutes=1))
    second = Lease("job", timedelta(minutes=1))
    taken = await asyncio.gather(first.take(database), second.take(database))
    assert sorted(taken) == [False, True]
    holder, other = (first, second) if taken[0] else (second, first)
    assert await holder.take(database)
    assert not await other.take(database)
    assert await Lease("another job", timedelta(minutes=1)).take(database)
    await connection.execute("UPDATE leases SET expires_at = clock_timestamp()")
    assert await other.take(database)
    assert not await holder.take(database)
