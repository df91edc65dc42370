"""One file on the local disk, on its way in or out; every method blocks and is meant for a thread.

Both classes open late and close under a lock. A task can be cancelled while its thread still
writes; closing under that thread's feet would hand its descriptor number to another file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import sys
import threading
from pathlib import Path

from aibc.storage.hashing import Fingerprint
from aibc.storage.store import ObjectExists, ObjectMissing, StorageUnavailable

# So much is gathered before the disk is set to work on it, while more is on its way.
WRITE_OUT_BYTES = 4 * 1024 * 1024


class PartialFile:
    """Bytes gathered under a temporary name until they are published under their own.

    Once `publish` returns, the bytes survive a power cut under `target`; after `discard`, neither
    name exists, whatever had been reached. Until either is over the file is locked, so that nobody
    relies on a name that may yet be taken back. Raises OSError, and ObjectExists from `publish`.
    """

    def __init__(self, temporary: Path, target: Path, root: Path) -> None:
        self.fingerprint = Fingerprint()
        self._temporary = temporary
        self._target = target
        self._root = root
        self._descriptor: int | None = None
        self._linked = False
        self._discarded = False
        self._written_out = 0  # so many bytes are with the disk
        self._lock = threading.Lock()

    def write(self, block: bytes) -> None:
        with self._lock:
            if self._discarded:
                return
            descriptor = self._open()
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            self.fingerprint.update(block)
            self._write_out()

    def publish(self) -> None:
        # The order is the durability: bytes on disk, then the name, then the name on disk.
        # link() never replaces: of two writers of one key the second gets FileExistsError.
        with self._lock:
            if self._discarded:
                return
            os.fsync(self._open())
            make_directories(self._root, self._target.parent)
            try:
                os.link(self._temporary, self._target)
            except FileExistsError as error:
                raise ObjectExists from error
            self._linked = True
            sync_directory(self._target.parent)
            self._close_and_unlink()

    def discard(self) -> None:
        with self._lock:
            self._discarded = True
            if self._linked:
                with contextlib.suppress(OSError):
                    self._target.unlink()
            self._close_and_unlink()

    def _write_out(self) -> None:
        """Let the disk begin, so that the sync at the end has little left to wait for.

        Only that sync says that bytes are safe; this is the advice that nobody reads them soon.
        """
        begin, end = self._written_out, self.fingerprint.size
        if end - begin >= WRITE_OUT_BYTES and sys.platform != "darwin":
            self._written_out = end
            with contextlib.suppress(OSError):  # a file system may have no use for it
                os.posix_fadvise(self._open(), begin, end - begin, os.POSIX_FADV_DONTNEED)

    def _open(self) -> int:
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._descriptor = os.open(self._temporary, flags, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return self._descriptor

    def _close_and_unlink(self) -> None:
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        # What fails here is only litter: the sweep of temporary files finds it.
        with contextlib.suppress(OSError):
            self._temporary.unlink()
        with contextlib.suppress(OSError):
            os.close(descriptor)  # last: it lets go of the lock


class ObjectReader:
    """Reads blocks of a stored object."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._closed = False
        self._lock = threading.Lock()

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes, at least one. Raises OSError, or StorageUnavailable when
        the file ends before `offset`."""
        with self._lock:
            if self._closed:
                return b""
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            block = os.pread(self._descriptor, length, offset)
        if not block:
            raise StorageUnavailable
        return block

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


def published_size(path: Path) -> int:
    """The size of a file that nobody will take back. Raises ObjectMissing and OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise ObjectMissing from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        status = os.fstat(descriptor)
    except BlockingIOError:  # its writer is not done with it
        raise ObjectMissing from None
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink == 0:
        raise ObjectMissing
    if status.st_nlink > 1:
        # Its writer was killed between the name and the sync of the name.
        sync_directory(path.parent)
    return status.st_size


def sync_directory(path: Path) -> None:
    """Make the names in `path` survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directories(root: Path, directory: Path) -> None:
    """Make `directory` below `root`, each new level's name on disk before the next."""
    current = root
    for part in directory.relative_to(root).parts:
        parent, current = current, current / part
        with contextlib.suppress(FileExistsError):
            current.mkdir(mode=0o700)
            sync_directory(parent)
