"""Uploads when something else breaks: a slow sender, a full disk, a database that goes away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest

from aibc.app import Application, create_app
from aibc.database.errors import DatabaseUnavailable
from aibc.settings import Settings, UploadSettings
from aibc.submissions import upload
from fixtures.application import SignIn
from fixtures.catalog import Connection
from fixtures.problems import assert_problem
from submissions.calls import PNG, hand_in, own_submissions, send_body, stored_files, upload_states
from submissions.conftest import Course
from submissions.forms import field, form
from submissions.waiting import until

BODY = form(field("file", PNG + bytes(1_200_000), b"work.png", "image/png"))


async def stalling() -> AsyncIterator[bytes]:
    """Half a form, and then nothing for a long time."""
    yield BODY[: len(BODY) // 2]
    await asyncio.sleep(30)


@pytest.mark.parametrize(("idle", "total"), [(0.5, 900.0), (30.0, 0.5)])
async def test_a_body_that_stops_arriving_is_given_up(
    settings: Settings,
    learner: UUID,
    course: Course,
    connection: Connection,
    sign_in: SignIn,
    storage: Path,
    idle: float,
    total: float,
) -> None:
    uploads = UploadSettings(body_idle_seconds=idle, body_total_seconds=total)
    impatient = create_app(replace(settings, uploads=uploads))
    async with impatient.router.lifespan_context(impatient):
        client = await sign_in(learner, impatient)
        assert_problem(await send_body(client, course.exercise, stalling()), 408, "body_timeout")
    assert await upload_states(connection) == ["abandoned"]
    assert stored_files(storage) == []


async def test_an_upload_that_is_cancelled_leaves_nothing(
    client: httpx.AsyncClient, course: Course, connection: Connection, storage: Path
) -> None:
    sending = asyncio.create_task(send_body(client, course.exercise, stalling()))

    async def begun() -> bool:
        return len(stored_files(storage)) == 1

    await until(begun)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await upload_states(connection) == ["abandoned"]
    assert stored_files(storage) == []


async def test_a_full_disk_is_our_fault_and_passes(
    client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
    storage: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = SimpleNamespace(f_bavail=0, f_blocks=10**9, f_frsize=4096)
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda _: full)
        response = await hand_in(client, course.exercise)
        assert_problem(response, 503, "storage_full")
        assert int(response.headers["retry-after"]) > 0
        assert await own_submissions(client, course.exercise) == []
    assert await upload_states(connection) == ["abandoned"]
    assert stored_files(storage) == []
    assert (await hand_in(client, course.exercise)).status_code == 200


@pytest.mark.parametrize("committed", [True, False])
async def test_a_database_that_was_away_at_the_end_is_asked_again(
    application: Application,
    client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    committed: bool,
) -> None:
    """Whether or not the answer that got lost was a commit, one submission comes of it."""
    database = application.state.aibc.database
    fetch_row, failures = database.fetch_row, 0

    async def losing_answers(query: str, *arguments: Any, **options: Any) -> Any:
        nonlocal failures
        if "finalise_upload" not in query or failures == 2:
            return await fetch_row(query, *arguments, **options)
        failures += 1
        if committed:
            await fetch_row(query, *arguments, **options)
        raise DatabaseUnavailable

    monkeypatch.setattr(upload, "FINALISE_PAUSES", (0.01, 0.01, 0.01))
    monkeypatch.setattr(database, "fetch_row", losing_answers)
    response = await hand_in(client, course.exercise)
    assert response.status_code == 200
    assert failures == 2
    (only,) = await own_submissions(client, course.exercise)
    assert only["id"] == response.json()["submission_id"]
    assert await upload_states(connection) == ["finalised"]


async def test_a_database_that_stays_away_is_said_and_nothing_shows(
    application: Application,
    client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = application.state.aibc.database
    fetch_row = database.fetch_row

    async def away(query: str, *arguments: Any, **options: Any) -> Any:
        if "finalise_upload" in query:
            raise DatabaseUnavailable
        return await fetch_row(query, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(upload, "FINALISE_PAUSES", (0.01,))
        patch.setattr(database, "fetch_row", away)
        response = await hand_in(client, course.exercise)
        assert_problem(response, 503, "database_unavailable")
    assert await own_submissions(client, course.exercise) == []
    assert await upload_states(connection) == ["abandoned"]
