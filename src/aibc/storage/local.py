"""Objects as files below one directory of the local disk.

A key is a path below the root. What is under way lies in `.temporary` below the same root, hence
on the same file system, where a hard link can publish it; no key can spell that name.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import tempfile
import time
from asyncio import Future
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import uuid4

from aibc.storage.chunks import BLOCK_SIZE, in_blocks
from aibc.storage.files import ObjectReader, PartialFile, make_directories, published_size
from aibc.storage.store import (
    InvalidKey,
    ObjectExists,
    ObjectInfo,
    ObjectMissing,
    ObjectSizeMismatch,
    ObjectStore,
    RangeOutOfBounds,
    SignedUpload,
    StorageFull,
    StorageUnavailable,
    StoredObject,
    check_key,
)

DISK_THREADS = 8
# Hashing is work for a core, and with more threads at it than cores everybody else would queue.
WRITING_THREADS = max(1, (os.cpu_count() or 1) // 2)
LISTING_PAGE = 1000
MAX_RESERVE_BYTES = 64 * 1024 * 1024

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class LocalStore(ObjectStore):
    """The contract of `ObjectStore` on a local disk that knows hard links.

    Disk work runs in threads of its own, so that a slow disk delays neither the event loop nor
    the threads others use.
    """

    def __init__(self, directory: Path) -> None:
        with _storage_errors():
            existing = next(path for path in directory.absolute().parents if path.is_dir())
            make_directories(existing, directory.absolute())
            self._root = directory.resolve(strict=True)
            self._temporary = self._root / ".temporary"
            self._temporary.mkdir(mode=0o700, exist_ok=True)
        self._threads = ThreadPoolExecutor(DISK_THREADS, thread_name_prefix="aibc-disk")
        self._writers = ThreadPoolExecutor(WRITING_THREADS, thread_name_prefix="aibc-write")

    async def put(
        self,
        key: str,
        chunks: AsyncIterator[bytes],
        *,
        content_type: str,  # noqa: ARG002 - a file has no headers; the database row keeps both
        content_disposition: str,  # noqa: ARG002
        expected_size: int | None = None,
    ) -> StoredObject:
        partial = await self._in_thread(self._begin, key, expected_size or 0)
        try:
            await self._write_all(partial, chunks)
            if expected_size not in (None, partial.fingerprint.size):
                raise ObjectSizeMismatch
            await self._in_thread(partial.publish)
        except BaseException:
            await asyncio.shield(self._in_thread(partial.discard))
            raise
        stored = partial.fingerprint
        return StoredObject(key, stored.size, stored.crc32c, stored.sha256)

    async def _write_all(self, partial: PartialFile, chunks: AsyncIterator[bytes]) -> None:
        """Write and hash each block while the next one is on its way, and never two ahead."""
        writing: Future[None] | None = None
        async with aclosing(in_blocks(chunks)) as blocks:
            async for block in blocks:
                if writing:
                    await writing
                writing = self._start(self._writers, partial.write, block)
                writing.add_done_callback(_noted)
            if writing:
                await writing

    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        path = await self._in_thread(self._path, key)
        size = await self._in_thread(published_size, path)
        if start and start >= size:
            raise RangeOutOfBounds
        return self._blocks(ObjectReader(path), start, size if end is None else min(end, size))

    async def head(self, key: str) -> ObjectInfo:
        path = await self._in_thread(self._path, key)
        return ObjectInfo(key, await self._in_thread(published_size, path))

    async def exists(self, key: str) -> bool:
        try:
            await self.head(key)
        except ObjectMissing:
            return False
        return True

    async def objects(self) -> AsyncIterator[ObjectInfo]:
        found = self._files()
        while page := await self._in_thread(lambda: list(islice(found, LISTING_PAGE))):
            for info in page:
                yield info

    async def delete(self, key: str) -> None:
        path = await self._in_thread(self._path, key)
        await self._in_thread(path.unlink, missing_ok=True)

    async def signed_download(
        self,
        key: str,  # noqa: ARG002 - a disk has no web address: the service serves its files itself
        *,
        content_disposition: str,  # noqa: ARG002
        expires_in: timedelta,  # noqa: ARG002
    ) -> str | None:
        return None

    async def signed_upload(
        self,
        key: str,  # noqa: ARG002
        *,
        size: int,  # noqa: ARG002
        content_type: str,  # noqa: ARG002
        content_disposition: str,  # noqa: ARG002
        expires_in: timedelta,  # noqa: ARG002
    ) -> SignedUpload | None:
        return None

    async def verify(self) -> None:
        return None

    async def sweep_temporary(self, older_than: timedelta) -> int:
        return await self._in_thread(self._sweep, time.time() - older_than.total_seconds())

    async def check(self) -> None:
        await self._in_thread(self._probe)

    def name_of(self, key: str) -> str:
        return f"local://{key}"

    async def close(self) -> None:
        self._threads.shutdown(wait=False)
        self._writers.shutdown(wait=False)

    async def _in_thread(
        self,
        function: Callable[Parameters, Result],
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        return await self._start(self._threads, function, *arguments, **options)

    def _start(
        self,
        threads: ThreadPoolExecutor,
        function: Callable[Parameters, Result],
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Future[Result]:
        def call() -> Result:
            with _storage_errors():
                return function(*arguments, **options)

        return asyncio.get_running_loop().run_in_executor(threads, call)

    async def _blocks(self, reader: ObjectReader, start: int, end: int) -> AsyncIterator[bytes]:
        try:
            while start < end:
                block = await self._in_thread(reader.read, start, min(BLOCK_SIZE, end - start))
                start += len(block)
                yield block
        finally:
            await asyncio.shield(self._in_thread(reader.close))

    def _begin(self, key: str, size: int) -> PartialFile:
        path = self._path(key)
        if path.exists():
            raise ObjectExists
        self._require_room(size)
        return PartialFile(self._temporary / f"{uuid4().hex}.part", path, self._root)

    def _path(self, key: str) -> Path:
        """Translate a key, following links: a planted one must not lead out of the root."""
        path = (self._root / check_key(key)).resolve()
        if not path.is_relative_to(self._root):
            raise InvalidKey
        return path

    def _files(self) -> Iterator[ObjectInfo]:
        for directory, names, files in os.walk(self._root, onerror=_raise):
            names[:] = [name for name in names if not name.startswith(".")]
            for file in files:
                path = Path(directory, file)
                # It may have gone since the directory was read.
                with contextlib.suppress(FileNotFoundError):
                    yield ObjectInfo(path.relative_to(self._root).as_posix(), path.stat().st_size)

    def _require_room(self, size: int) -> None:
        """Keep a reserve free: a disk filled to the last byte takes the database down with it."""
        disk = os.statvfs(self._root)
        reserve = min(MAX_RESERVE_BYTES, disk.f_blocks * disk.f_frsize // 20)
        if disk.f_bavail * disk.f_frsize < size + reserve:
            raise StorageFull

    def _probe(self) -> None:
        self._require_room(0)
        with tempfile.TemporaryFile(dir=self._temporary) as probe:
            probe.write(b"probe")

    def _sweep(self, before: float) -> int:
        swept = 0
        for path in self._temporary.iterdir():
            # Another process may finish or sweep the same file in this very moment.
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    swept += 1
        return swept


def _noted(writing: Future[None]) -> None:
    """What a block's write says is known, also where the upload failed before it was asked."""
    if not writing.cancelled():
        writing.exception()


def _raise(error: OSError) -> None:
    raise error


@contextlib.contextmanager
def _storage_errors() -> Iterator[None]:
    """Turn what the operating system says into what callers understand."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from error
        raise StorageUnavailable from error
