"""A PostgreSQL server of our own, as a child process, for one data directory.

    <data directory>/postgres/       the database cluster
    <data directory>/postgres.log    what the server says
    <data directory>/socket/         0700, the only way in: no TCP, and peer authentication

The caller owns the data directory (`aibc.database.ownership`) while the server runs.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from aibc.database import leftovers
from aibc.database.programs import EmbeddedDatabaseError, Programs, find_programs
from aibc.database.sockets import open_socket_directory

USER = DATABASE = "aibc"
START_SECONDS = 60.0  # replaying the log after a crash may take a while
FAST_STOP_SECONDS = 10.0
IMMEDIATE_STOP_SECONDS = 5.0
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
    """Starts, stops and describes the server of one data directory."""

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
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process else None

    def start(self) -> None:
        """Make the cluster if there is none, and return once the server takes connections."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        programs = find_programs(self._bin_directory)
        if programs.identity.owner:
            self._directory.chmod(0o711)  # the server's user has to pass
        if not self._cluster.exists():
            self._make_cluster(programs)
        self._check_cluster(programs)
        leftovers.clear(self._cluster)
        self._write_access_rules(programs)
        self._socket_directory = open_socket_directory(self._directory, programs.identity.owner)
        self._launch(programs)

    def stop(self) -> None:
        """Stop the server: fast, then at once, then by force."""
        if self._process is None:
            return
        for number, seconds in (
            (signal.SIGINT, FAST_STOP_SECONDS),
            (signal.SIGQUIT, IMMEDIATE_STOP_SECONDS),
            (signal.SIGKILL, IMMEDIATE_STOP_SECONDS),
        ):
            self._process.send_signal(number)
            try:
                self._process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        self._process = None

    def _make_cluster(self, programs: Programs) -> None:
        """Make it under another name first, so that what bears the right name is complete."""
        fresh = self._cluster.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if programs.identity.owner:
            os.chown(fresh, *programs.identity.owner)
        programs.run(
            "initdb", *_initdb_arguments(programs.major, durable=self._durable), str(fresh)
        )
        single = ("--single", "-D", str(fresh), "postgres")
        programs.run("postgres", *single, text=f"CREATE DATABASE {DATABASE}\n", directory=fresh)
        fresh.rename(self._cluster)
        _sync_directory(self._directory)

    def _check_cluster(self, programs: Programs) -> None:
        owner = programs.identity.owner[0] if programs.identity.owner else os.geteuid()
        if self._cluster.stat().st_uid != owner:
            raise EmbeddedDatabaseError(
                f"The database in {self._cluster} belongs to another user: run AIBC as that user, "
                "or set AIBC_DATA_DIR to a directory of your own."
            )
        version = self._cluster / "PG_VERSION"
        control = self._cluster / "global" / "pg_control"
        found = (
            version.read_text(encoding="ascii", errors="replace").strip()
            if version.is_file()
            else ""
        )
        if not found.isdecimal() or not control.is_file():
            raise EmbeddedDatabaseError(
                f"{self._cluster} is not a complete database: nothing in it was changed; restore "
                "it from a backup, or set AIBC_DATA_DIR to a new directory."
            )
        if int(found) != programs.major:
            raise EmbeddedDatabaseError(
                f"The database in {self._cluster} was made by PostgreSQL {found} and the programs "
                f"here are version {programs.major}: nothing in it was changed; set PG_BIN_DIR to "
                f"the programs of version {found}, or AIBC_DATA_DIR to a new directory."
            )

    def _write_access_rules(self, programs: Programs) -> None:
        """Let in whoever runs as we do, and nobody else; our name may differ from last time."""
        rules = {
            "pg_hba.conf": "local all all peer map=aibc\n",
            "pg_ident.conf": f'aibc "{programs.identity.peer_name}" {USER}\n',
        }
        for name, text in rules.items():
            (self._cluster / name).write_text(text, encoding="utf-8")

    def _launch(self, programs: Programs) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
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
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        descriptor = os.open(self._log, flags, 0o600)
        try:
            if os.fstat(descriptor).st_size > LARGEST_LOG:
                os.ftruncate(descriptor, 0)
            log_start = os.fstat(descriptor).st_size
            self._process = programs.start(
                "postgres", *self._server_arguments(), log=descriptor, directory=self._cluster
            )
        finally:
            os.close(descriptor)
        return log_start

    def _server_arguments(self) -> list[str]:
        settings = SETTINGS | (DURABLE if self._durable else FORGETFUL)
        settings["unix_socket_directories"] = f'"{self._socket_directory}"'
        pairs = [argument for item in settings.items() for argument in ("-c", "=".join(item))]
        return ["-D", str(self._cluster), *pairs]

    def _wait_until_ready(self, deadline: float) -> bool:
        """Whether the server came up; its last line in postmaster.pid says so."""
        process = self._process
        return (
            process is not None
            and wait_for(
                lambda: (
                    process.poll() is not None or leftovers.is_ready(self._cluster, process.pid)
                ),
                deadline,
            )
            and process.poll() is None
        )

    def _last_complaint(self, log_start: int) -> str:
        with self._log.open("rb") as log:
            log.seek(log_start)
            text = log.read().decode(errors="replace")
        found: list[str] = re.findall(r"(?:FATAL|PANIC|error|ERROR): +(.+)", text)
        return (found or text.strip().splitlines() or ["it said nothing"])[-1]


def wait_for(condition: Callable[[], bool], deadline: float) -> bool:
    """Ask every 20 ms until the condition holds or the deadline passes."""
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _initdb_arguments(major: int, *, durable: bool) -> list[str]:
    arguments = ["-U", USER, "--auth=peer", "--encoding=UTF8", "--locale=C", "--data-checksums"]
    if major >= 17:  # the same Unicode rules on every machine, whatever its C library knows
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [*arguments, "--no-instructions", *([] if durable else ["--no-sync"]), "-D"]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
