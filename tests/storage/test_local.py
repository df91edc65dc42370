"""The local disk keeps the contract of every store, and what only a disk can break."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from aibc.storage.chunks import BLOCK_SIZE
from aibc.storage.local import LocalStore
from aibc.storage.store import (
    InvalidKey,
    ObjectExists,
    ObjectMissing,
    StorageError,
    StorageFull,
    StorageUnavailable,
)
from storage.contract import (
    KEY,
    MEBIBYTE,
    BoundedMemoryContract,
    CreateOnlyContract,
    StoreContract,
    StreamCut,
    cut_after,
    pieces,
    put,
    read,
    repeated,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
async def store(root: Path) -> AsyncIterator[LocalStore]:
    store = LocalStore(root)
    yield store
    await store.close()


def files_below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@contextmanager
def failing(
    monkeypatch: pytest.MonkeyPatch, function: str, number: int, calls: int = 1
) -> Iterator[None]:
    """Let the system call fail with errno `number` from its `calls`-th use on."""
    real = getattr(os, function)
    count = 0

    def refuse(*arguments: object, **options: object) -> object:
        nonlocal count
        count += 1
        if count >= calls:
            raise OSError(number, os.strerror(number))
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, function, refuse)
        yield


class TestLocalStore(StoreContract, CreateOnlyContract, BoundedMemoryContract):
    pass


async def test_no_temporary_file_stays_after_a_put(store: LocalStore, root: Path) -> None:
    await put(store, KEY, pieces(b"x"))
    assert files_below(root) == [KEY]


async def test_no_file_at_all_stays_after_a_cut_upload(store: LocalStore, root: Path) -> None:
    with pytest.raises(StreamCut):
        await put(store, KEY, cut_after(b"x" * MEBIBYTE, failure=StreamCut()))
    assert files_below(root) == []


async def test_files_are_readable_by_the_service_alone(store: LocalStore, root: Path) -> None:
    await put(store, KEY, pieces(b"x"))
    assert (root / KEY).stat().st_mode & 0o777 == 0o600
    assert (root / KEY).parent.stat().st_mode & 0o777 == 0o700


async def test_a_planted_directory_link_does_not_lead_out_of_the_root(
    store: LocalStore, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "planted").symlink_to(outside)
    for attempt in (
        put(store, "planted/new", pieces(b"x")),
        store.get("planted/secret"),
        store.head("planted/secret"),
        store.delete("planted/secret"),
    ):
        with pytest.raises(InvalidKey):
            await attempt
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]


async def test_a_planted_file_link_does_not_lead_out_of_the_root(
    store: LocalStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "planted").symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidKey):
        await store.get("planted")


async def test_a_second_store_on_the_same_directory_sees_the_same_objects(
    store: LocalStore, root: Path
) -> None:
    await put(store, KEY, pieces(b"shared"))
    other = LocalStore(root)
    assert await read(other, KEY) == b"shared"
    with pytest.raises(ObjectExists):
        await put(other, KEY, pieces(b"x"))
    await other.close()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, StorageUnavailable),
        (errno.EROFS, StorageUnavailable),
        (errno.EMFILE, StorageUnavailable),
    ],
)
@pytest.mark.parametrize("function", ["open", "write", "fsync", "link", "mkdir"])
async def test_a_failing_system_call_fails_the_upload_and_leaves_nothing(
    store: LocalStore,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    number: int,
    expected: type[StorageError],
) -> None:
    with (
        failing(monkeypatch, function, number),
        pytest.raises(StorageUnavailable) as caught,
    ):
        await put(store, KEY, pieces(b"x" * MEBIBYTE))
    assert type(caught.value) is expected
    assert files_below(root) == []
    await put(store, KEY, pieces(b"recovered"))
    assert await read(store, KEY) == b"recovered"


async def test_an_object_whose_name_did_not_reach_the_disk_is_taken_back(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / KEY).parent.mkdir(parents=True)
    with failing(monkeypatch, "fsync", errno.EIO, calls=2), pytest.raises(StorageUnavailable):
        await put(store, KEY, pieces(b"x"))
    assert files_below(root) == []


async def test_a_store_without_room_says_so_before_it_takes_bytes(
    store: LocalStore, root: Path
) -> None:
    disk = os.statvfs(root)
    taken = []

    async def watched() -> AsyncIterator[bytes]:
        taken.append(1)
        yield b"x"

    with pytest.raises(StorageFull) as caught:
        await put(store, KEY, watched(), expected_size=disk.f_bavail * disk.f_frsize + 1)
    assert taken == []
    assert caught.value.status == 503
    assert caught.value.code == "storage_full"
    assert int(caught.value.headers["Retry-After"]) > 0


async def test_an_unwritable_root_fails_the_check(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing(monkeypatch, "open", errno.EROFS), pytest.raises(StorageUnavailable) as caught:
        await store.check()
    assert int(caught.value.headers["Retry-After"]) > 0


async def test_a_root_that_cannot_be_made_is_an_unavailable_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnavailable):
        LocalStore(tmp_path / "file" / "storage")


async def test_the_sweep_takes_only_what_is_older_than_asked(store: LocalStore, root: Path) -> None:
    old, young = root / ".temporary" / "old.part", root / ".temporary" / "young.part"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    an_hour_ago = time.time() - 3600
    os.utime(old, (an_hour_ago, an_hour_ago))
    assert await store.sweep_temporary(timedelta(minutes=30)) == 1
    assert files_below(root) == [".temporary/young.part"]


async def test_the_disk_never_blocks_the_event_loop(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def slow(descriptor: int) -> None:
        time.sleep(0.2)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    upload = asyncio.create_task(put(store, "work.png", pieces(b"x")))
    longest = 0.0
    while not upload.done():
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        longest = max(longest, time.perf_counter() - before)
    await upload
    assert longest < 0.15


async def test_the_next_block_arrives_while_one_is_written_and_no_further(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, goes_on, asked = os.write, threading.Event(), asyncio.Event()
    taken = 0

    def held(descriptor: int, block: bytes) -> int:
        goes_on.wait(30)
        return real(descriptor, block)

    async def blocks() -> AsyncIterator[bytes]:
        nonlocal taken
        for number in range(5):
            taken = number + 1
            if taken == 2:
                asked.set()
            yield b"x" * BLOCK_SIZE

    monkeypatch.setattr(os, "write", held)
    upload = asyncio.create_task(put(store, KEY, blocks()))
    async with asyncio.timeout(30):
        await asked.wait()
    await asyncio.sleep(0.1)
    assert taken == 2
    goes_on.set()
    await upload
    assert await read(store, KEY) == b"x" * 5 * BLOCK_SIZE


async def test_a_stream_cut_while_a_block_fails_to_be_written_leaves_nothing(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing(monkeypatch, "write", errno.ENOSPC), pytest.raises(StreamCut):
        await put(store, KEY, cut_after(b"x" * BLOCK_SIZE, failure=StreamCut()))
    assert files_below(root) == []


async def test_the_disk_begins_before_the_end_of_a_large_file(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[int, int]] = []

    def recording(_descriptor: int, offset: int, length: int, _advice: int) -> None:
        begun.append((offset, length))

    monkeypatch.setattr(os, "posix_fadvise", recording, raising=False)
    await put(store, KEY, repeated(b"x" * MEBIBYTE, 10))
    assert begun == [(0, 4 * MEBIBYTE), (4 * MEBIBYTE, 4 * MEBIBYTE)]


async def test_an_upload_cancelled_while_the_disk_works_leaves_nothing(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.link

    def slow(*arguments: str) -> None:
        time.sleep(0.1)
        real(*arguments)

    monkeypatch.setattr(os, "link", slow)
    upload = asyncio.create_task(put(store, KEY, pieces(b"x")))
    await asyncio.sleep(0.05)
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    await asyncio.sleep(0.1)
    assert files_below(root) == []


async def test_ten_large_uploads_at_once_use_a_bounded_number_of_files(
    store: LocalStore, root: Path
) -> None:
    await asyncio.gather(
        *(put(store, f"k/{number}", repeated(b"x" * 65536, 64)) for number in range(10))
    )
    assert len(files_below(root)) == 10


async def test_the_names_of_new_roots_reach_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def recording(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    await LocalStore(tmp_path / "deep" / "storage").close()
    assert synced == [tmp_path.name, "deep"]


async def test_bytes_reach_the_disk_before_their_name_and_the_name_before_the_answer(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def recording(function: str) -> None:
        real = getattr(os, function)

        def call(*arguments: object, **options: object) -> object:
            result = real(*arguments, **options)
            target = arguments[0]
            path = Path(str(target))
            if isinstance(target, int):
                path = Path(f"/proc/self/fd/{target}").readlink()
            calls.append(f"{function} {path.suffix or path.name}")
            return result

        monkeypatch.setattr(os, function, call)

    for function in ("write", "fsync", "link", "unlink", "mkdir"):
        recording(function)
    await put(store, "a/b.png", pieces(b"x"))
    assert calls == [
        "write .part",
        "fsync .part",
        "mkdir a",
        "fsync storage",
        "link .part",
        "fsync a",
        "unlink .part",
    ]


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_a_file_counts_only_once_its_writer_cannot_take_it_back(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, is_cancelled: bool
) -> None:
    """Whoever made a submission of it before would have lost the file."""
    named, go_on = threading.Event(), threading.Event()

    def wait_with_the_name(path: Path) -> None:
        named.set()
        assert go_on.wait(20)

    await put(store, KEY.replace("work", "other"), pieces(b"the directories are there"))
    monkeypatch.setattr("aibc.storage.files.sync_directory", wait_with_the_name)
    storing = asyncio.create_task(put(store, KEY, pieces(b"nearly there")))
    await asyncio.to_thread(named.wait, 20)
    assert not await store.exists(KEY)
    with pytest.raises(ObjectMissing):
        await store.head(KEY)
    with pytest.raises(ObjectMissing):
        await store.get(KEY)
    if is_cancelled:
        storing.cancel()
    go_on.set()
    await asyncio.gather(storing, return_exceptions=True)
    assert await store.exists(KEY) is not is_cancelled


async def test_a_file_whose_writer_died_on_the_last_step_counts(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the name and its sync: whoever relies on it syncs it first."""
    await put(store, KEY, pieces(b"whole"))
    os.link(root / KEY, root / ".temporary" / "left.part")
    synced: list[Path] = []
    monkeypatch.setattr("aibc.storage.files.sync_directory", synced.append)
    assert (await store.head(KEY)).size == len(b"whole")
    assert synced == [(root / KEY).parent]
