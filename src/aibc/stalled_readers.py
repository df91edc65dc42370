"""Ends connections whose other side takes nothing of what is sent to it.

The server ends an answer when the application does, but not a connection whose buffers are full:
it waits until they are taken, for ever. Linux can end such a connection itself, and what a
listening socket is told holds for every connection it takes.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNSENT_BYTES = 256 * 1024
STALL_SECONDS = 25  # so long nobody is silent who means to go on; a download can be resumed
START_SECONDS = 60.0
PAUSE_SECONDS = 0.02


def end_stalled_connections(port: int) -> None:
    """From now on, for every connection to `port` of this process; it may not listen there yet."""
    if sys.platform == "linux":
        threading.Thread(target=_set_when_listening, args=(port,), daemon=True).start()


def _set_when_listening(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not set_deadline(port) and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)


def set_deadline(port: int) -> bool:
    """Set it on the listening socket and on what it has taken already; whether one listens."""
    is_listening = False
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError), _socket_of(int(entry.name)) as found:
            if found.family in (socket.AF_INET, socket.AF_INET6) and found.getsockname()[1] == port:
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALL_SECONDS * 1000)
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
                is_listening |= bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    return is_listening


@contextmanager
def _socket_of(descriptor: int) -> Iterator[socket.socket]:
    """The socket behind a descriptor of ours, under another one. Raises OSError if it is none."""
    own = os.dup(descriptor)
    try:
        found = socket.socket(fileno=own)
    except OSError:
        os.close(own)
        raise
    with found:
        yield found
