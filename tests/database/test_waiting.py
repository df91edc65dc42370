"""The queue for connections: fair while it is short, fast when far too many come."""

from __future__ import annotations

import asyncio
import gc
import weakref
from dataclasses import replace

import pytest

from aibc.database import waiting
from aibc.database.errors import Overloaded
from aibc.database.pool import Database
from aibc.database.waiting import Queue
from aibc.settings import DatabaseSettings


async def test_the_order_of_coming_is_kept_while_nobody_waits_long() -> None:
    queue = Queue()
    turns = [queue.join() for _ in range(3)]
    assert [queue.next() for _ in range(4)] == [*turns, None]


async def test_once_the_first_has_waited_long_the_newest_is_served_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "CALM_SECONDS", 0.0)
    queue = Queue()
    turns = [queue.join() for _ in range(3)]
    assert [queue.next() for _ in range(4)] == [*reversed(turns), None]


@pytest.mark.parametrize("calm_seconds", [60.0, 0.0])
async def test_who_gave_up_is_passed_over(
    calm_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "CALM_SECONDS", calm_seconds)
    queue = Queue()
    turns = [queue.join() for _ in range(4)]
    for gone in (turns[0], turns[1], turns[3]):
        gone.cancel()
    assert queue.next() is turns[2]
    assert queue.next() is None


async def test_very_many_are_refused_before_they_cost_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_QUEUE", 2)
    queue = Queue()
    first = queue.join()
    queue.join()
    with pytest.raises(Overloaded):
        queue.join()
    first.cancel()
    queue.join()  # there is room again


async def test_a_request_that_has_begun_goes_before_those_that_have_not(
    database_settings: DatabaseSettings,
) -> None:
    database = await Database.open(replace(database_settings, pool_size=1))
    served: list[str] = []
    release = asyncio.Event()

    async def request(name: str) -> None:
        async with database.connection():
            served.append(name)
            await release.wait()
        async with database.connection():
            served.append(f"{name} again")

    requests = []
    for name in ("first", "second", "third"):
        requests.append(asyncio.create_task(request(name)))
        await asyncio.sleep(0.01)
    release.set()
    await asyncio.gather(*requests)
    await database.close()
    assert served == ["first", "second", "first again", "second again", "third", "third again"]


async def test_who_waited_as_long_as_one_may_is_told_that_very_many_are_at_work(
    database_settings: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_SECONDS", 0.2)
    database = await Database.open(replace(database_settings, pool_size=1))
    async with database.connection():
        with pytest.raises(Overloaded) as refusal:
            await asyncio.create_task(database.fetch_value("SELECT 1"))
    assert refusal.value.status == 503
    assert refusal.value.headers == {"Retry-After": "5"}
    assert await database.fetch_value("SELECT 1") == 1
    await database.close()


async def test_a_refusal_leaves_no_garbage_behind_that_only_the_collector_finds(
    database_settings: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_SECONDS", 0.1)
    database = await Database.open(replace(database_settings, pool_size=1))
    async with database.connection():
        gc.collect()
        gc.disable()
        try:
            refusal = await asyncio.create_task(_refusal_of(database))
            await asyncio.sleep(0)
            assert refusal() is None
        finally:
            gc.enable()
    await database.close()


async def _refusal_of(database: Database) -> weakref.ref[Overloaded]:
    try:
        await database.fetch_value("SELECT 1")
    except Overloaded as refusal:
        return weakref.ref(refusal)
    raise AssertionError("it was not refused")
