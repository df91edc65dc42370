"""The processes that answer requests: started, replaced when they die, drained on a signal."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.server import MPServer

from aibc.settings import ServerSettings
from aibc.stalled_readers import end_stalled_connections

if TYPE_CHECKING:
    from starlette.types import ASGIApp

DRAIN_SECONDS = 8  # of the ten that Cloud Run gives; the rest is for the database
HEADER_SECONDS = 20  # for a request's head, and so also for a connection that asks nothing more
BACKLOG = 2048
# Connections one worker serves at once. Slow ones cost little, and too few would shut out /health,
# also in an hour in which very many wait.
CONNECTIONS = 8192
# Read ahead of a body on one connection, and handed over at once. Half of it costs an upload twice
# the hand-overs; the default, nearly twice as much, holds more memory and is no faster.
BUFFER_BYTES = 256 * 1024
# Of cyclic garbage, which is rare here. With thousands of requests waiting, the usual numbers make
# the collector look through all of them again and again, at the worst of times.
COLLECTIONS = (10_000, 10, 10)
MOST_DEATHS_A_MINUTE = 10
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def run_workers(settings: ServerSettings, create_app: Callable[[], ASGIApp]) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP, then drain and return.

    HTTP/1 and HTTP/2 in clear text on one port; each worker makes its own application.
    """
    _allow_many_files()
    parent = os.getpid()
    server = _server(settings)
    if sys.platform == "linux":
        # What the service imported is shared by its workers, in memory and in start-up time.
        multiprocessing.set_start_method("fork", force=True)
        gc.freeze()
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup keeps its meaning
        server.on_startup(lambda: _stop_on_hangup(server))
    server.serve(target_loader=_Loader(create_app, parent, settings.port), wrap_loader=False)


class _Loader:
    """Makes the application inside the worker."""

    def __init__(self, create_app: Callable[[], ASGIApp], parent: int, port: int) -> None:
        self._create_app = create_app
        self._parent = parent
        self._port = port

    def __call__(self) -> ASGIApp:
        _end_with(self._parent)
        # Ctrl-C reaches every process of the terminal's group; when to stop is the parent's word.
        os.setpgid(0, 0)
        end_stalled_connections(self._port)
        gc.set_threshold(*COLLECTIONS)
        return self._create_app()


class _Server(MPServer):
    """Replaces workers that die, and gives up only when many do within a minute.

    The server's own rule gives up when one dies twice within seconds, as it may when memory is
    short for a moment.
    """

    _deaths: tuple[float, ...] = ()

    def _respawn_workers(
        self, workers: list[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        now = time.monotonic()
        recent = tuple(death for death in self._deaths if death > now - 60)
        self._deaths = (*recent, *[now] * len(workers))
        if len(self._deaths) < MOST_DEATHS_A_MINUTE:
            self.respawned_wrks.clear()


def _server(settings: ServerSettings) -> _Server:
    return _Server(
        target="aibc",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        loop=Loops.asyncio if sys.platform == "win32" else Loops.uvloop,
        http=HTTPModes.auto,
        websockets=False,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=BUFFER_BYTES
        ),
        http2_settings=HTTP2Settings(
            keep_alive_interval=HEADER_SECONDS * 1000,
            keep_alive_timeout=HEADER_SECONDS,
            max_headers_size=64 * 1024,
        ),
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS,
    )


_LOGGING: dict[str, Any] = {
    # To the root logger, which writes lines like all others.
    "loggers": {
        "_granian": {"handlers": [], "level": "WARNING", "propagate": True},
        "granian.access": {"handlers": [], "level": "WARNING", "propagate": False},
    },
}


def _stop_on_hangup(server: _Server) -> None:
    """A closed terminal ends the service; the server would take it as a wish to reload."""
    signal.signal(signal.SIGHUP, server.signal_handler_interrupt)


def _end_with(parent: int) -> None:
    """Die at once when the service is killed: a worker left behind would keep its port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _allow_many_files() -> None:
    """Raise the soft limit of open files as far as we may: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 16_384 if hard == resource.RLIM_INFINITY else min(16_384, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
