"""A disk that can be cut off as by a power cut: what was not written through is gone."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

_SHUT_DOWN = 0x8004587D  # FS_IOC_SHUTDOWN of linux/fs.h
_WITHOUT_FLUSHING = 2  # …_FLAGS_NOLOGFLUSH: neither data nor journal


class Disk:
    """An ext4 file system in a file, mounted at `directory`."""

    def __init__(self, place: Path) -> None:
        self.image = place / "disk.img"
        self.directory = place / "disk"

    def make(self, size: str) -> None:
        self.directory.mkdir()
        _run("truncate", "-s", size, str(self.image))
        _run("mkfs.ext4", "-q", "-F", str(self.image))

    def mount(self) -> None:
        _run("mount", "-o", "loop", str(self.image), str(self.directory))

    def cut(self) -> None:
        """From now on nothing reaches the disk, and what the system had not written is lost."""
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUT_DOWN, struct.pack("I", _WITHOUT_FLUSHING))
        finally:
            os.close(descriptor)

    def mount_again(self) -> None:
        """What the disk holds after `cut`, as the system finds it when it starts again.

        Other tests make namespaces, which keep what was mounted when they were made; so it is a
        copy of the disk that is mounted.
        """
        _run("umount", "-l", str(self.directory))
        kept = self.image.with_suffix(".kept")
        _run("cp", "--sparse=always", str(self.image), str(kept))
        self.image.unlink()
        kept.rename(self.image)
        self.mount()


@contextmanager
def a_disk(place: Path, size: str) -> Iterator[Disk]:
    """A mounted disk for the length of the block."""
    disk = Disk(place)
    disk.make(size)
    disk.mount()
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk.directory)], check=False, capture_output=True)


@cache
def can_cut_power() -> bool:
    """Whether this user may mount a disk of their own and cut it off."""
    programs = ("mkfs.ext4", "mount", "umount", "truncate")
    if sys.platform != "linux" or os.geteuid() != 0 or not all(map(shutil.which, programs)):
        return False
    with tempfile.TemporaryDirectory() as place:
        try:
            with a_disk(Path(place), "16m") as disk:
                disk.cut()
                disk.mount_again()
        except (OSError, subprocess.CalledProcessError):
            return False
    return True


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


needs_power_cut = pytest.mark.skipif(
    not can_cut_power(), reason="only root with loop devices can cut a disk off"
)
