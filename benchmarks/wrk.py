"""wrk: many requests a second from little CPU."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http_requests import HttpRequest

SCRIPT = Path(__file__).with_suffix(".lua")
THREADS = 2


class ToolMissing(Exception):
    """A program that measures is not installed; the message says how to get it."""


@dataclass(frozen=True)
class Load:
    """How hard to ask."""

    connections: int = 32
    seconds: float = 4.0
    pause_ms: float = 0.0  # between an answer and the client's next request, on average
    patience_seconds: int = 10


@dataclass(frozen=True)
class Outcome:
    """What came back."""

    requests: int
    seconds: float
    bytes: int
    p50_ms: float
    p99_ms: float
    longest_ms: float
    refused: int  # answers of 400 and above
    broken: int  # connections that failed
    late: int  # answers after the client's patience

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def good_per_second(self) -> float:
        return (self.requests - self.refused) / self.seconds


def require_wrk() -> None:
    if shutil.which("wrk") is None:
        raise ToolMissing("wrk is not installed: `apt-get install wrk`, or `brew install wrk`.")


@contextmanager
def request_file(requests: Sequence[HttpRequest]) -> Iterator[Path]:
    """The requests in a file that the script reads."""
    with tempfile.NamedTemporaryFile(prefix="aibc-wrk-", suffix=".requests") as file:
        for request in requests:
            raw = request.raw()
            file.write(b"%d\n%b" % (len(raw), raw))
        file.flush()
        yield Path(file.name)


def ask(url: str, requests: Path, load: Load) -> Outcome:
    """Send the file's requests for as long as `load` says."""
    threads = min(THREADS, load.connections)
    result = subprocess.run(
        [
            "wrk",
            f"--threads={threads}",
            f"--connections={load.connections}",
            f"--duration={max(1, round(load.seconds))}s",
            f"--timeout={load.patience_seconds}s",
            f"--script={SCRIPT}",
            url,
            "--",
            str(requests),
            str(threads),
            str(load.pause_ms),
        ],
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=load.seconds + 60,
    )
    return _outcome(result.stdout)


def _outcome(output: str) -> Outcome:
    figures = json.loads(output.strip().splitlines()[-1])
    return Outcome(
        requests=figures["requests"],
        seconds=figures["microseconds"] / 1e6,
        bytes=figures["bytes"],
        p50_ms=figures["p50"] / 1e3,
        p99_ms=figures["p99"] / 1e3,
        longest_ms=figures["most"] / 1e3,
        refused=figures["refused"],
        broken=figures["broken"],
        late=figures["late"],
    )
