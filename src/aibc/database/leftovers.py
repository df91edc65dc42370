"""What an earlier server left in a cluster: its process, or the file that names its process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from aibc.database.programs import EmbeddedDatabaseError

_STOPPING = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0))


def clear(cluster: Path) -> None:
    """Stop a server still at work in `cluster` and forget a process number that is not its own.

    The number in postmaster.pid may long belong to another process, in containers above all, and
    PostgreSQL would refuse to start for its sake.
    """
    process = _noted_process(cluster)
    if process is None or not is_alive(process):
        return
    if not _works_in(process, cluster):
        _pid_file(cluster).unlink(missing_ok=True)
        return
    for number, seconds in _STOPPING:
        if _stopped(process, number, seconds, cluster):
            return
    raise EmbeddedDatabaseError(
        f"An earlier PostgreSQL (process {process}) still works in {cluster} and does not stop: "
        "end it, then start again."
    )


def is_ready(cluster: Path, process: int) -> bool:
    """Whether this process runs the cluster and takes connections."""
    lines = _pid_lines(cluster)
    return len(lines) >= 8 and lines[0] == str(process) and lines[7].strip() == "ready"


def is_alive(process: int) -> bool:
    """Whether a process of this number exists, whosever it is."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _noted_process(cluster: Path) -> int | None:
    lines = _pid_lines(cluster)
    return int(lines[0]) if lines and lines[0].isdecimal() else None


def _pid_file(cluster: Path) -> Path:
    return cluster / "postmaster.pid"


def _pid_lines(cluster: Path) -> list[str]:
    try:
        return _pid_file(cluster).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _works_in(process: int, cluster: Path) -> bool:
    """Whether the process is a server of this cluster: a server's working directory is its own."""
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{process}/cwd").resolve() == cluster.resolve()
        except OSError:
            return False
    listing = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "command=", "-p", str(process)],
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    return f"-D {cluster}" in listing.stdout


def _stopped(process: int, number: signal.Signals, seconds: float, cluster: Path) -> bool:
    """Send the signal and see the process leave the cluster; a zombie has left it too."""
    deadline = time.monotonic() + seconds
    with suppress(ProcessLookupError):
        os.kill(process, number)
    while is_alive(process) and _works_in(process, cluster):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
