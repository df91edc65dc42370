"""Crowds: clients that come at a given rate, or that wait for an answer before they ask again."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.async_client import Connection, ConnectionBroken, connect
from benchmarks.evening_mix import Evening

PATIENCE_SECONDS = 10.0
TICK_SECONDS = 0.004


@dataclass(frozen=True)
class Answered:
    """One request: when it came, after how long it was answered, and how; 0 is not at all."""

    name: str
    at: float
    seconds: float
    status: int

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


@dataclass
class Record:
    """Everything that was asked."""

    begin: float
    answers: list[Answered] = field(default_factory=list)

    def between(self, first: float, last: float) -> Record:
        """What was answered from `first` to `last`, in seconds since the begin."""
        inside = [one for one in self.answers if first <= one.at + one.seconds < last]
        return Record(self.begin, inside)

    @property
    def good(self) -> int:
        return sum(one.is_good for one in self.answers)

    def statuses(self) -> dict[str, int]:
        counted: defaultdict[str, int] = defaultdict(int)
        for one in self.answers:
            counted[str(one.status) if one.status else "no answer"] += 1
        return dict(sorted(counted.items()))

    def by_name(self) -> dict[str, dict[str, Any]]:
        named: defaultdict[str, list[Answered]] = defaultdict(list)
        for one in self.answers:
            named[one.name].append(one)
        return {
            name: {
                "asked": len(answers),
                "good": sum(one.is_good for one in answers),
                "p50_ms": percentile_ms(answers, 0.5),
                "p99_ms": percentile_ms(answers, 0.99),
            }
            for name, answers in named.items()
        }


def percentile_ms(answers: Iterable[Answered], share: float) -> float:
    """Milliseconds that the given share of good answers came within; 0 without any."""
    ordered = sorted(1000 * one.seconds for one in answers if one.is_good)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Crowd:
    """Sends an evening's acts to one service."""

    def __init__(self, url: str, evening: Evening) -> None:
        self._url = url
        self._evening = evening
        self._idle: list[Connection] = []
        self._chance = random.Random(1)

    async def at_rate(self, per_second: float, seconds: float) -> Record:
        """Clients come when they come, whether or not those before them were answered.

        Time counts from when a client came, not from when there was room for its request.
        """
        record = Record(time.perf_counter())
        under_way: set[asyncio.Task[None]] = set()
        due = 0.0
        while (now := time.perf_counter() - record.begin) < seconds:
            while due <= now:
                task = asyncio.create_task(self._act(record, due))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                due += self._chance.expovariate(per_second)
            await asyncio.sleep(TICK_SECONDS)
        await asyncio.gather(*under_way)
        self.leave()
        return record

    async def waiting_for_answers(
        self, clients: int, seconds: float, *, pause_seconds: float = 0.0
    ) -> Record:
        """Each client asks, waits for the answer, pauses, and asks again."""
        record = Record(time.perf_counter())
        tasks = [
            asyncio.create_task(self._client(record, seconds, pause_seconds))
            for _ in range(clients)
        ]
        await asyncio.gather(*tasks)
        self.leave()
        return record

    def leave(self) -> None:
        """Hang up."""
        while self._idle:
            self._idle.pop().close()

    async def _client(self, record: Record, seconds: float, pause_seconds: float) -> None:
        connection: Connection | None = None
        await asyncio.sleep(self._chance.uniform(0, pause_seconds))
        while (now := time.perf_counter() - record.begin) < seconds:
            connection = await self._ask(record, now, connection)
            await asyncio.sleep(self._chance.uniform(0, 2 * pause_seconds))
        if connection is not None:
            connection.close()

    async def _act(self, record: Record, due: float) -> None:
        connection = self._idle.pop() if self._idle else None
        connection = await self._ask(record, due, connection)
        if connection is not None:
            self._idle.append(connection)

    async def _ask(
        self, record: Record, due: float, connection: Connection | None
    ) -> Connection | None:
        """Ask once; returns the connection if it is still good."""
        name, raw = self._evening.next()
        status = 0
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if connection is None or not connection.is_open:
                    connection = await connect(self._url)
                status, body = await connection.send(raw)
        except (ConnectionBroken, TimeoutError):
            if connection is not None:
                connection.close()
            connection = None
        else:
            if 200 <= status < 300:
                self._evening.answered(name, body)
        seconds = time.perf_counter() - record.begin - due
        record.answers.append(Answered(name, due, seconds, status))
        return connection
