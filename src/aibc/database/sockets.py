"""The directory of the server's socket: closed to everybody else, and with a short enough path."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_PATH = 103 if os.uname().sysname == "Darwin" else 107  # bytes, of sockaddr_un


def open_socket_directory(data_directory: Path, owner: tuple[int, int] | None) -> Path:
    """Make the directory, 0700 and given to `owner` if that is not us, and return its path.

    It stands in the data directory, or, where that path is too long for a socket, in a fresh
    temporary directory whose name the data directory notes.
    """
    note = data_directory / "socket-directory"
    _forget(note)
    directory = data_directory / "socket"
    if len(os.fsencode(directory / SOCKET_NAME)) > LONGEST_PATH:
        directory = Path(tempfile.mkdtemp(prefix="aibc-", dir="/tmp"))
        note.write_text(str(directory), encoding="utf-8")
    directory.mkdir(mode=0o700, exist_ok=True)
    directory.chmod(0o700)
    if owner:
        os.chown(directory, *owner)
    return directory


def _forget(note: Path) -> None:
    """Remove the temporary directory of the last start, if it is truly ours."""
    try:
        directory = Path(note.read_text(encoding="utf-8"))
        status = directory.lstat()
    except (OSError, ValueError):
        return
    if stat.S_ISDIR(status.st_mode) and directory.name.startswith("aibc-"):
        shutil.rmtree(directory, ignore_errors=True)
    note.unlink()
