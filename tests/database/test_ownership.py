"""One process at a time owns a data directory, and others learn who it is."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from aibc.database.ownership import DirectoryInUse, DirectoryUnusable, Owner, current_owner, own


def test_a_second_owner_learns_at_once_who_the_service_is(data_directory: Path) -> None:
    me, address = os.getpid(), "http://localhost:8000"
    with own(data_directory) as ownership:
        ownership.note(address=address, database_url="postgresql://x")
        started = time.monotonic()
        with pytest.raises(DirectoryInUse) as refusal, own(data_directory, wait_seconds=60):
            pytest.fail("two owned it")
    assert time.monotonic() - started < 5
    assert refusal.value.detail == f"AIBC already runs at {address} (process {me})."
    assert refusal.value.owner == Owner(me, address, "postgresql://x")


def test_a_command_is_waited_for(data_directory: Path) -> None:
    owned, done = threading.Event(), threading.Event()

    def work() -> None:
        with own(data_directory):
            owned.set()
            time.sleep(0.3)
            done.set()

    thread = threading.Thread(target=work)
    thread.start()
    owned.wait()
    with own(data_directory, wait_seconds=30):
        assert done.is_set()
    thread.join()


def test_a_command_that_takes_too_long_is_named(data_directory: Path) -> None:
    with (
        own(data_directory),
        pytest.raises(DirectoryInUse, match="Another AIBC command"),
        own(data_directory, wait_seconds=0.1),
    ):
        pytest.fail("two owned it")


def test_the_directory_is_free_again_afterwards_and_closed_to_others(data_directory: Path) -> None:
    for _ in range(2):
        with own(data_directory):
            pass
    assert current_owner(data_directory) is None
    assert data_directory.stat().st_mode & 0o777 == 0o700
    assert (data_directory / "lock").stat().st_mode & 0o777 == 0o600


def test_a_directory_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DirectoryUnusable, match=r"^AIBC_DATA_DIR must be .+: Not a directory\.$"),
        own(tmp_path / "file" / "data"),
    ):
        pytest.fail("a file was owned as a directory")
