"""What processes use: CPU time with that of children long gone, and memory counted fairly."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

MEBIBYTE = 1024 * 1024


def tree(process: psutil.Process) -> list[psutil.Process]:
    """The process and everything below it."""
    return [process, *process.children(recursive=True)]


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time of a tree until now, with what its exited children used."""
    total = 0.0
    for one in tree(process):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_mib(process: psutil.Process) -> float:
    """Memory of a tree: what processes share is counted once (PSS)."""
    total = 0
    for one in tree(process):
        with suppress(psutil.NoSuchProcess):
            total += one.memory_full_info().pss
    return total / MEBIBYTE


def _own_seconds() -> float:
    times = psutil.Process().cpu_times()
    return times.user + times.system


@dataclass
class Spent:
    """CPU seconds of both trees, and of this process, while something ran."""

    service: float = 0.0
    database: float = 0.0
    load: float = 0.0
    seconds: float = 0.0


@contextmanager
def spending(service: psutil.Process | None, database: psutil.Process) -> Iterator[Spent]:
    """Weigh a block; the figures stand when it has ended."""
    spent = Spent()
    begin = time.perf_counter()
    before = (cpu_seconds(service) if service else 0.0, cpu_seconds(database), _own_seconds())
    yield spent
    spent.seconds = time.perf_counter() - begin
    spent.service = (cpu_seconds(service) if service else 0.0) - before[0]
    spent.database = cpu_seconds(database) - before[1]
    spent.load = _own_seconds() - before[2]


class MemoryWatch:
    """Looks at a tree's memory again and again, from a thread."""

    def __init__(self, process: psutil.Process, every_seconds: float) -> None:
        self.readings: list[tuple[float, float]] = []  # seconds since the begin, MiB
        self._process = process
        self._every = every_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def peak_mib(self) -> float:
        return max((mib for _, mib in self.readings), default=0.0)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        begin = time.perf_counter()
        while not self._over.is_set():
            with suppress(psutil.Error):
                self.readings.append((time.perf_counter() - begin, memory_mib(self._process)))
            self._over.wait(self._every)
