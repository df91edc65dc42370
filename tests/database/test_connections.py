"""The bounded stack of connections: bound, order, what is fit to be used again, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from aibc.database import connections as module
from aibc.database import waiting
from aibc.database.connections import Connection, Connections
from aibc.database.errors import DatabaseUnavailable


class Maker:
    """Connects, and counts how often."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.made = 0
        self.fails = False

    async def __call__(self) -> Connection:
        if self.fails:
            raise ConnectionRefusedError
        self.made += 1
        return await asyncpg.connect(self._url)


@pytest.fixture
def maker(database_url: str) -> Maker:
    return Maker(database_url)


@pytest.fixture
async def two(maker: Maker) -> AsyncIterator[Connections]:
    """Room for two."""
    connections = Connections(maker, size=2, patience=5.0)
    yield connections
    await connections.close(0.1)


async def test_connections_are_made_when_needed_and_used_again(
    two: Connections, maker: Maker
) -> None:
    first = await two.take()
    two.give_back(first)
    assert await two.take() is first
    second = await two.take()
    assert maker.made == 2
    two.give_back(first)
    two.give_back(second)
    assert two.take_idle() is second  # the one used last


async def test_more_than_there_are_places_wait_in_the_order_of_coming(two: Connections) -> None:
    held = [await two.take(), await two.take()]
    served: list[int] = []

    async def wait(number: int) -> None:
        connection = await two.take()
        served.append(number)
        await asyncio.sleep(0)
        two.give_back(connection)

    waiting = [asyncio.create_task(wait(number)) for number in range(5)]
    await asyncio.sleep(0)
    for connection in held:
        two.give_back(connection)
    await asyncio.gather(*waiting)
    assert served == [0, 1, 2, 3, 4]


async def test_who_comes_later_does_not_overtake_who_waits(two: Connections) -> None:
    held = [await two.take(), await two.take()]
    waiting = asyncio.create_task(two.take())
    await asyncio.sleep(0)
    two.give_back(held[0])
    assert two.take_idle() is None
    assert await waiting is held[0]


async def test_a_queue_that_stands_still_is_left_and_one_that_moves_is_not(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "CALM_SECONDS", 60.0)
    one = Connections(maker, size=1, patience=0.3)
    held = await one.take()
    with pytest.raises(TimeoutError):
        await one.take()

    patient = [asyncio.create_task(one.take()) for _ in range(6)]
    for turn in patient:  # altogether far longer than the patience of each
        await asyncio.sleep(0.15)
        one.give_back(held)
        held = await turn
    one.give_back(held)
    await one.close(0.1)


async def test_who_gives_up_waiting_costs_nobody_a_connection(two: Connections) -> None:
    held = [await two.take(), await two.take()]
    for _ in range(3):
        waiting = asyncio.create_task(two.take())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    # Given up in the very moment in which it was handed over.
    waiting = asyncio.create_task(two.take())
    await asyncio.sleep(0)
    two.give_back(held[0])
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await two.take() is held[0]


async def test_what_is_broken_cut_short_or_in_the_middle_is_not_used_again(
    two: Connections, maker: Maker
) -> None:
    broken = await two.take()
    broken.terminate()
    two.give_back(broken)

    unfinished = await two.take()
    await unfinished.execute("BEGIN")
    two.give_back(unfinished)
    assert unfinished.is_closed()

    cut_short = await two.take()
    two.end(cut_short)
    assert cut_short.is_closed()

    fresh = await two.take()
    assert await fresh.fetchval("SELECT 1") == 1
    assert maker.made == 4
    assert await two.take() is not fresh  # both places are still there


async def test_a_connection_that_broke_while_nobody_used_it_is_not_handed_out(
    two: Connections, maker: Maker
) -> None:
    idle = await two.take()
    two.give_back(idle)
    idle.terminate()
    assert await (await two.take()).fetchval("SELECT 1") == 1
    assert maker.made == 2


async def test_a_connection_that_cannot_be_made_leaves_its_place_to_the_next(
    two: Connections, maker: Maker
) -> None:
    maker.fails = True
    for _ in range(5):
        with pytest.raises(ConnectionRefusedError):
            await two.take()
    maker.fails = False
    assert len({await two.take(), await two.take()}) == 2


@pytest.mark.parametrize("limit", ["IDLE_SECONDS", "LIFE_SECONDS"])
async def test_what_is_old_or_was_idle_for_long_is_ended(
    two: Connections, maker: Maker, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await two.take()
    monkeypatch.setattr(module, limit, -1.0)
    two.give_back(old)
    assert two.take_idle() is None
    assert old.is_closed()


async def test_closing_waits_for_those_in_use_and_lets_nobody_in(maker: Maker) -> None:
    connections = Connections(maker, size=1, patience=5.0)
    used = await connections.take()
    waiting = asyncio.create_task(connections.take())
    await asyncio.sleep(0)
    closing = asyncio.create_task(connections.close(5.0))
    with pytest.raises(DatabaseUnavailable):
        await waiting
    assert await used.fetchval("SELECT 1") == 1
    connections.give_back(used)
    await closing
    assert used.is_closed()
    with pytest.raises(DatabaseUnavailable):
        await connections.take()


async def test_closing_ends_what_is_still_in_use_when_the_time_is_over(maker: Maker) -> None:
    connections = Connections(maker, size=1, patience=5.0)
    used = await connections.take()
    await connections.close(0.05)
    assert used.is_closed()
