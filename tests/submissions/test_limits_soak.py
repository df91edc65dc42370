"""Fifty uploads at once, through the service and past it, over two workers: ten, every time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from faults.school import School, open_school
from faults.share import share_of
from fixtures.server import LiveServer, real_settings
from submissions.calls import PNG, hand_in
from submissions.direct_calls import begin, finish


@pytest.fixture
async def school(make_server: Callable[..., LiveServer], database_url: str) -> School:
    settings = real_settings(database_url)
    return await open_school(make_server(**settings, WORKERS="2").start(), settings)


async def directly(school: School, client: httpx.AsyncClient) -> int:
    begun = await begin(client, school.exercise)
    if begun.status_code != 200:
        return begun.status_code
    upload = begun.json()
    address = urlsplit(upload["url"])
    path = f"{address.path}?{address.query}"
    sent = await client.put(path, content=PNG, headers=upload["headers"])
    assert sent.status_code == 200, sent.text
    return (await finish(client, upload["upload_id"])).status_code


async def through_the_service(school: School, client: httpx.AsyncClient) -> int:
    return (await hand_in(client, school.exercise, key=uuid4().hex)).status_code


async def in_the_end(call: Callable[[], Awaitable[int]]) -> int:
    """As clients do: what a busy service could not take is sent again."""
    for _ in range(100):
        status = await call()
        if status != 503:
            break
        await asyncio.sleep(0.5)
    return status


async def race(school: School) -> Counter[int]:
    """Fifty uploads of one learner at once; returns how they were answered."""
    learner = await school.learner()
    async with school.client(learner) as client:
        ways = (partial(directly, school, client), partial(through_the_service, school, client))
        statuses = Counter(await asyncio.gather(*(in_the_end(ways[n % 2]) for n in range(50))))
    rows = await school.query(
        "SELECT attempt FROM resource_submissions WHERE user_id = $1 ORDER BY attempt",
        learner.user_id,
    )
    assert [row["attempt"] for row in rows] == list(range(1, 11))
    return statuses


async def test_fifty_mixed_uploads_over_two_workers_are_exactly_ten(school: School) -> None:
    for _ in range(2):
        assert await race(school) == {200: 10, 429: 40}


@pytest.mark.soak
async def test_a_hundred_times_fifty_are_ten_each(
    school: School, soak_result: Callable[[str, str], None]
) -> None:
    rounds = share_of(100)
    results = [await race(school) for _ in range(rounds)]
    exact = sum(result == {200: 10, 429: 40} for result in results)
    assert exact == rounds, results
    assert await school.broken_rules() == []
    soak_result(
        "uploads: fifty at once, direct and multipart, two workers (T45)",
        f"{exact} of {rounds} rounds: exactly 10 taken, 40 answered 429",
    )
