"""One process at a time owns a data directory.

The owner holds a lock on `lock` inside it, which the kernel lets go however the process ends, and
notes there who it is, where it answers and how to reach the database it runs.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from aibc.database.leftovers import is_alive
from aibc.errors import AibcError


@dataclass(frozen=True)
class Owner:
    """The process that owns a data directory. An address stands when it is the service."""

    process: int
    address: str = ""
    database_url: str = ""


class DirectoryInUse(AibcError):
    """Another AIBC process is at work in this data directory."""

    code = "data_directory_in_use"
    status = 409

    def __init__(self, owner: Owner | None) -> None:
        self.owner = owner
        super().__init__(_sentence(owner))


class DirectoryUnusable(AibcError):
    """This user may not write in the data directory."""

    code = "data_directory_unusable"
    status = 503


class Ownership:
    """The lock held, and the note in it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def note(self, *, address: str = "", database_url: str = "") -> None:
        """Tell others who we are. Read it with `current_owner`."""
        text = json.dumps(asdict(Owner(os.getpid(), address, database_url))).encode()
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))


@contextmanager
def own(data_directory: Path, *, wait_seconds: float = 0.0) -> Iterator[Ownership]:
    """Own the directory while the block runs. Raises DirectoryInUse with the present owner.

    A command is soon done and is waited for, as are workers of a service that was killed; a
    running service is not. Raises DirectoryUnusable where nothing can be written.
    """
    descriptor = _open_lock(data_directory)
    try:
        _lock(descriptor, data_directory, time.monotonic() + wait_seconds)
        ownership = Ownership(descriptor)
        ownership.note()
        yield ownership
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _open_lock(data_directory: Path) -> int:
    try:
        data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(_lock_path(data_directory), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DirectoryUnusable(
            f"AIBC_DATA_DIR must be a directory that this user may write, and {data_directory} is "
            f"not: {error.strerror}."
        ) from error


def current_owner(data_directory: Path) -> Owner | None:
    """What the last owner noted; only true while somebody holds the lock."""
    try:
        return Owner(**json.loads(_lock_path(data_directory).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _lock(descriptor: int, data_directory: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = current_owner(data_directory)
            serves = owner and owner.address and is_alive(owner.process)
            if time.monotonic() >= deadline or serves:
                raise DirectoryInUse(owner) from None
        time.sleep(0.1)


def _lock_path(data_directory: Path) -> Path:
    return data_directory / "lock"


def _sentence(owner: Owner | None) -> str | None:
    if owner is None:
        return None
    if owner.address:
        return f"AIBC already runs at {owner.address} (process {owner.process})."
    return f"Another AIBC command (process {owner.process}) is at work in this data directory."
