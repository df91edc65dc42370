"""Objects in a bucket, through the object-store library.

A streaming upload cannot be made conditional there (a conditional one would hold the whole body
in memory), so the one who claims the key in the database must be its only writer; the look before
the upload only turns a mistake into ObjectExists. Uploads cut by a killed process leave parts that
no listing shows; a lifecycle rule of the bucket removes them.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import GCSStore

from aibc.settings import SettingsError
from aibc.storage.chunks import BLOCK_SIZE
from aibc.storage.hashing import HashingStream
from aibc.storage.store import (
    ObjectExists,
    ObjectInfo,
    ObjectMissing,
    ObjectSizeMismatch,
    ObjectStore,
    RangeOutOfBounds,
    StorageUnavailable,
    StoredObject,
    check_key,
)

if TYPE_CHECKING:
    from obstore.store import GCSConfig
    from obstore.store import ObjectStore as Backend

# The smallest part the service takes: what one upload holds in memory.
PART_SIZE = 5 * 1024 * 1024
PROBE_KEY = "readiness-probe"


def open_google_bucket(bucket: str, credentials_file: str) -> BucketStore:
    """Open a Google Cloud Storage bucket; without a file, with the platform's own credentials.

    Nothing is sent yet. Raises SettingsError when the credentials cannot be read.
    """
    credentials: GCSConfig = (
        {"application_credentials": credentials_file} if credentials_file else {}
    )
    try:
        store = GCSStore(
            bucket,
            config=credentials,
            client_options={
                "connect_timeout": timedelta(seconds=5),
                "timeout": timedelta(seconds=60),
            },
            retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=20)},
        )
    except (BaseError, OSError) as error:
        raise SettingsError(
            "GOOGLE_APPLICATION_CREDENTIALS does not name a readable Google credentials file."
        ) from error
    return BucketStore(store, f"gs://{bucket}")


class BucketStore(ObjectStore):
    """The contract of `ObjectStore` in a bucket named `name` (`gs://…`)."""

    def __init__(self, backend: Backend, name: str) -> None:
        self._backend = backend
        self._name = name

    async def put(
        self,
        key: str,
        chunks: AsyncIterator[bytes],
        *,
        content_type: str,
        content_disposition: str,
        expected_size: int | None = None,
    ) -> StoredObject:
        if await self.exists(key):
            raise ObjectExists
        source = _Source(chunks, expected_size)
        with _storage_errors(source):
            await obstore.put_async(
                self._backend,
                key,
                aiter(source),
                attributes={
                    "Content-Type": content_type,
                    "Content-Disposition": content_disposition,
                },
                use_multipart=True,
                chunk_size=PART_SIZE,
                max_concurrency=1,
            )
        sent = source.stream.fingerprint
        if (await self.head(key)).size != sent.size:
            raise StorageUnavailable
        return StoredObject(key, sent.size, sent.crc32c, sent.sha256)

    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        size = (await self.head(key)).size
        if start and start >= size:
            raise RangeOutOfBounds
        end = size if end is None else min(end, size)
        if start >= end:
            return _nothing()
        with _storage_errors():
            result = await obstore.get_async(self._backend, key, options={"range": (start, end)})
        return _pieces(result.stream(min_chunk_size=BLOCK_SIZE))

    async def head(self, key: str) -> ObjectInfo:
        with _storage_errors():
            found = await obstore.head_async(self._backend, check_key(key))
        return ObjectInfo(key, found["size"])

    async def exists(self, key: str) -> bool:
        try:
            await self.head(key)
        except ObjectMissing:
            return False
        return True

    async def objects(self) -> AsyncIterator[ObjectInfo]:
        with _storage_errors():
            async for page in obstore.list(self._backend):
                for found in page:
                    yield ObjectInfo(found["path"], found["size"])

    async def delete(self, key: str) -> None:
        with contextlib.suppress(ObjectMissing), _storage_errors():
            await obstore.delete_async(self._backend, check_key(key))

    async def signed_download(self, key: str, *, expires_in: timedelta) -> str | None:
        if not isinstance(self._backend, GCSStore):
            return None
        with _storage_errors():
            return await obstore.sign_async(self._backend, "GET", check_key(key), expires_in)

    async def sweep_temporary(self, older_than: timedelta) -> int:  # noqa: ARG002
        return 0

    async def check(self) -> None:
        await self.exists(PROBE_KEY)

    def name_of(self, key: str) -> str:
        return f"{self._name}/{key}"

    async def close(self) -> None:
        return None


class _Source:
    """What an upload reads; remembers the stream's own failure, which is not the backend's."""

    def __init__(self, chunks: AsyncIterator[bytes], expected_size: int | None) -> None:
        self.stream = HashingStream(chunks)
        self.failure: BaseException | None = None
        self._expected_size = expected_size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.stream:
                yield chunk
            # Raised before the end is told, so that the backend never completes the object.
            if self._expected_size not in (None, self.stream.fingerprint.size):
                raise ObjectSizeMismatch
        except BaseException as failure:
            self.failure = failure
            raise


async def _pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut what the library yields to the size promised; it joins small pieces but cuts none."""
    with _storage_errors():
        async for chunk in stream:
            for offset in range(0, len(chunk), BLOCK_SIZE):
                yield chunk[offset : offset + BLOCK_SIZE]


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


@contextlib.contextmanager
def _storage_errors(source: _Source | None = None) -> Iterator[None]:
    """Turn the library's errors into ours; the failure of a caller's own stream passes."""
    try:
        yield
    except (BaseError, OSError) as error:
        if source is not None and source.failure is not None:
            raise source.failure from None
        if isinstance(error, FileNotFoundError):
            raise ObjectMissing from error
        raise StorageUnavailable from error
