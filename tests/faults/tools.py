"""Programs of the machine that bring faults about; a test whose program is absent says so."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest


def can_mount() -> bool:
    """Whether this user may mount a small disk in a namespace of their own."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return False
    tried = ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def can_trace() -> bool:
    """Whether strace may attach to a process of ours."""
    if not shutil.which("strace"):
        return False
    with subprocess.Popen(["sleep", "30"]) as sleeper:
        tracer = subprocess.Popen(
            ["strace", "-p", str(sleeper.pid), "-o", "/dev/null"],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert tracer.stderr
        attached = "attached" in tracer.stderr.readline()
        sleeper.kill()
        tracer.communicate()
        return attached


needs_mount = pytest.mark.skipif(
    not can_mount(), reason="this machine forbids user namespaces, so there is no small disk"
)
needs_strace = pytest.mark.skipif(
    not can_trace(), reason="strace is not installed or may not attach, so no call can be failed"
)
needs_prlimit = pytest.mark.skipif(
    not shutil.which("prlimit"), reason="prlimit is not installed, so no limit can be lowered"
)


def on_a_small_disk(mounted: Path, size: str) -> tuple[str, ...]:
    """What to put before a command so that `mounted` is a disk of that size, for it alone.

    What lies there is copied onto it.
    """
    mounted.mkdir(parents=True, exist_ok=True)
    script = (
        f'kept="{mounted}.kept" && cp -a "{mounted}/." "$kept" '
        f'&& mount -t tmpfs -o size={size},mode=0700 tmpfs "{mounted}" '
        f'&& cp -a "$kept/." "{mounted}" && rm -rf "$kept" && exec "$@"'
    )
    return ("unshare", "-Urm", "sh", "-c", script, "sh")


def seen_by(process_id: int, path: Path) -> Path:
    """A path as that process sees it, with what is mounted for it alone."""
    return Path(f"/proc/{process_id}/root{path}")


@contextmanager
def traced(process_ids: list[int], output: Path, *options: str) -> Iterator[None]:
    """strace attached to processes and their threads and children for the length of the block."""
    which = [argument for number in process_ids for argument in ("-p", str(number))]
    tracer = subprocess.Popen(
        ["strace", "-f", "-y", *which, "-o", str(output), *options], stderr=subprocess.PIPE
    )
    assert tracer.stderr
    tracer.stderr.readline()  # it says when it is there
    time.sleep(0.3)  # and that of each further thread
    try:
        yield
    finally:
        tracer.terminate()
        tracer.stderr.read()
        tracer.stderr.close()
        tracer.wait()


def workers_of(process_id: int) -> list[int]:
    return [child.pid for child in psutil.Process(process_id).children()]
