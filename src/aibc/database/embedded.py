"""A PostgreSQL server of our own, as a child process, for one data directory.

    <data directory>/postgres/       the database cluster
    <data directory>/postgres.log    what the server says
    <data directory>/socket/         0700, the only way in: no TCP, and peer authentication

The caller owns the data directory (`aibc.database.ownership`) while the server runs.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from aibc.database import leftovers
from aibc.database.cluster import (
    DATABASE,
    USER,
    check_cluster,
    make_cluster,
    write_access_rules,
)
from aibc.database.programs import EmbeddedDatabaseError, Programs, find_programs
from aibc.database.sockets import open_socket_directory

START_SECONDS = 60.0  # replaying the log after a crash may take a while
STOPPING = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
LARGEST_LOG = 10 * 1024 * 1024

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "jit": "off",
    # The log must not hold what learners wrote: no statements, no values of a violated key.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
FORGETFUL = dict.fromkeys(DURABLE, "off")


class EmbeddedServer:
    """Starts, watches and stops the server of one data directory."""

    def __init__(
        self, data_directory: Path, *, bin_directory: Path | None = None, durable: bool = True
    ) -> None:
        """`durable=False` trades safety after a power cut for speed: for tests alone."""
        self._directory = data_directory.absolute()
        self._cluster = self._directory / "postgres"
        self._log = self._directory / "postgres.log"
        self._bin_directory = bin_directory
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_directory: Path | None = None
        self._watcher: threading.Thread | None = None
        self._stopping = threading.Event()

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the running server's database is, for our user alone."""
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self._socket_directory), safe='')}"

    @property
    def process_id(self) -> int | None:
        """The server's process while it runs."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def start(self) -> None:
        """Make the cluster if there is none, and return once the server takes connections."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._stopping.clear()
        programs = find_programs(self._bin_directory)
        if programs.identity.owner:
            self._directory.chmod(0o711)  # the server's user has to pass
        if not self._cluster.exists():
            make_cluster(self._cluster, programs, durable=self._durable)
        check_cluster(self._cluster, programs)
        leftovers.clear(self._cluster)
        write_access_rules(self._cluster, programs)
        self._socket_directory = open_socket_directory(self._directory, programs.identity.owner)
        self._launch(programs)
        self._watcher = threading.Thread(target=self._watch, args=(programs,), daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Stop the server: fast, then at once, then by force."""
        self._stopping.set()
        self._end_process()
        if self._watcher:
            self._watcher.join()
            self._end_process()  # the watcher may have been starting another one

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for number, seconds in STOPPING:
            process.send_signal(number)
            try:
                process.wait(seconds)
                return
            except subprocess.TimeoutExpired:
                continue

    def _watch(self, programs: Programs) -> None:
        """Start the server again when it dies under us, from a thread that lives as long as we.

        The kernel's parent-death signal follows the thread that started a process.
        """
        while process := self._process:
            process.wait()
            if self._stopping.wait(0.2):
                return
            try:
                self._launch(programs)
            except EmbeddedDatabaseError:
                # Its reason stands in the log, and readiness says that the database is away.
                self._stopping.wait(5.0)

    def _launch(self, programs: Programs) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._stopping.is_set():
            log_start = self._start_process(programs)
            if self._wait_until_ready(deadline):
                return
            reason = self._last_complaint(log_start)
            # Children of a killed server let go of its memory within a moment.
            if "still in use" not in reason or time.monotonic() > deadline:
                raise EmbeddedDatabaseError(
                    f"The embedded PostgreSQL did not start ({reason}): see {self._log}."
                )
            time.sleep(0.2)

    def _start_process(self, programs: Programs) -> int:
        """Start the server and return where its words begin in the log."""
        descriptor = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.fstat(descriptor).st_size > LARGEST_LOG:
                os.ftruncate(descriptor, 0)
            log_start = os.fstat(descriptor).st_size
            self._process = programs.start(
                "postgres", *self._arguments(), log=descriptor, directory=self._cluster
            )
        finally:
            os.close(descriptor)
        return log_start

    def _arguments(self) -> list[str]:
        settings = SETTINGS | (DURABLE if self._durable else FORGETFUL)
        settings["unix_socket_directories"] = f'"{self._socket_directory}"'
        pairs = [argument for item in settings.items() for argument in ("-c", "=".join(item))]
        return ["-D", str(self._cluster), *pairs]

    def _wait_until_ready(self, deadline: float) -> bool:
        """Whether the process came up and takes connections."""
        process = self._process
        while process and process.poll() is None and time.monotonic() < deadline:
            if leftovers.is_ready(self._cluster, process.pid):
                return True
            time.sleep(0.02)
        return False

    def _last_complaint(self, log_start: int) -> str:
        with self._log.open("rb") as log:
            log.seek(log_start)
            text = log.read().decode(errors="replace")
        found: list[str] = re.findall(r"(?:FATAL|PANIC|error|ERROR): +(.+)", text)
        return (found or text.strip().splitlines() or ["it said nothing"])[-1]
