"""Services as processes: started, asked whether they are up, stopped, and weighed."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
WORKERS = 2
START_SECONDS = 60.0
STOP_SECONDS = 20.0

PRODUCT = (sys.executable, "-m", "aibc", "serve")
REFERENCE = (sys.executable, "-m", "benchmarks.peer", "reference")
STATIC = (sys.executable, "-m", "benchmarks.peer", "static")
READER = (sys.executable, "-m", "benchmarks.plain_reader")


class ServiceFailed(Exception):
    """A service did not start or ended on its own; the message ends with its last words."""


class Service:
    """One running service and all its processes."""

    def __init__(
        self, name: str, command: Sequence[str], environment: dict[str, str], directory: Path
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.seconds_to_start = 0.0
        self._command = command
        self._output = directory / f"{name}.log"
        # Nothing of the caller's environment but what is needed to run Python.
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "PORT": str(self.port),
            "WORKERS": str(WORKERS),
            **environment,
        }
        self._process: psutil.Popen | None = None

    @property
    def process(self) -> psutil.Process:
        if self._process is None:
            raise ServiceFailed(f"{self.name} was never started.")
        return self._process

    def start(self) -> None:
        """Start it and return once it answers."""
        begin = time.perf_counter()
        with self._output.open("wb") as output:
            self._process = psutil.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while not self.is_healthy():
            if self._process.poll() is not None:
                raise ServiceFailed(f"{self.name} ended: {self._last_words()}")
            if time.perf_counter() - begin > START_SECONDS:
                raise ServiceFailed(f"{self.name} did not start: {self._last_words()}")
            time.sleep(0.01)
        self.seconds_to_start = time.perf_counter() - begin

    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2.0) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")[-2_000:]


@contextmanager
def running(*services: Service) -> Iterator[None]:
    """Start the services, and stop them all however the block ends."""
    try:
        for service in services:
            service.start()
        yield
    finally:
        for service in services:
            service.stop()


def product_settings(database_url: str, directory: Path, secret: str) -> dict[str, str]:
    """What an operator with a database of their own sets."""
    return {
        "DATABASE_URL": database_url,
        "AIBC_DATA_DIR": str(directory / "data"),
        "JWT_SECRET_KEY": secret,
        "JWT_REFRESH_SECRET_KEY": secrets.token_hex(32),
        "LINK_SECRET_KEY": secrets.token_hex(32),
    }


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
