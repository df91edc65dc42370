"""Where the bytes of handed-in files live: the contract every backend keeps.

StorageError                 500  the store refused in a way nobody planned for
├── StorageUnavailable       503  the store cannot be reached or does not answer as it should
│   └── StorageFull          503  there is no room left
├── ObjectMissing            404  no object under this key
├── ObjectExists             409  the key is taken; objects are written once
├── ObjectSizeMismatch       422  more or fewer bytes arrived than were announced
├── RangeOutOfBounds         416  the object ends before the first byte asked for
└── InvalidKey               500  a key outside the grammar below: a mistake of ours, never a user's
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Protocol

from aibc.errors import AibcError

MAX_KEY_LENGTH = 1024
MAX_SEGMENT_LENGTH = 200
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.\-]*)*")


class StorageError(AibcError):
    """The file storage failed in an unexpected way; please try again, then tell an operator."""

    code = "storage_error"


class StorageUnavailable(StorageError):
    """The file storage does not answer right now; please try again in a moment."""

    code = "storage_unavailable"
    status = 503
    retry_after_seconds: ClassVar[int] = 5

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": str(self.retry_after_seconds)})


class StorageFull(StorageUnavailable):
    """The file storage has no room left; an operator has to make some before files can come in."""

    code = "storage_full"
    retry_after_seconds = 60


class ObjectMissing(StorageError):
    """The storage holds no file under this name."""

    code = "object_missing"
    status = 404


class ObjectExists(StorageError):
    """The storage already holds a file under this name, and files are never overwritten."""

    code = "object_exists"
    status = 409


class ObjectSizeMismatch(StorageError):
    """The number of bytes that arrived is not the number announced; please send the file again."""

    code = "size_mismatch"
    status = 422


class RangeOutOfBounds(StorageError):
    """The file ends before the part that was asked for."""

    code = "range_out_of_bounds"
    status = 416


class InvalidKey(StorageError):
    """The storage cannot keep a file under this name."""

    code = "invalid_key"


@dataclass(frozen=True)
class StoredObject:
    """What was stored: `size` in bytes, counted and hashed while the bytes passed.

    `crc32c` is the base64 text of the four big-endian bytes, as Google Cloud Storage writes it;
    `sha256` is 64 lower-case hexadecimal digits.
    """

    key: str
    size: int
    crc32c: str
    sha256: str


@dataclass(frozen=True)
class ObjectInfo:
    """What a store knows of an object without reading it: `size` in bytes.

    `crc32c` is None where the backend keeps no checksum beside the bytes. `encoding` names a
    compression that the sender of a direct upload declared, so that browsers would unpack it.
    """

    key: str
    size: int
    crc32c: str | None = None
    encoding: str = ""


@dataclass(frozen=True)
class SignedUpload:
    """A request that stores one object: `headers` have to be sent as they are, with the bytes."""

    method: str
    url: str
    headers: dict[str, str]


class ObjectStore(Protocol):
    """Keeps objects for ever under keys that are written once.

    Callers claim a key in the database first, where a unique constraint makes it theirs alone;
    a backend still refuses a taken key with ObjectExists. Every method may raise
    StorageUnavailable (StorageFull from `put` and `check`) and, for a key outside the grammar of
    `check_key`, InvalidKey.
    """

    async def put(
        self,
        key: str,
        chunks: AsyncIterator[bytes],
        *,
        content_type: str,
        content_disposition: str,
        expected_size: int | None = None,
    ) -> StoredObject:
        """Store what `chunks` yields; durable once this returns.

        Whatever `chunks` raises passes through, and then, as after any other failure or a
        cancellation, nothing is visible under the key. Raises ObjectExists without touching the
        bytes that stand, and ObjectSizeMismatch when not exactly `expected_size` bytes came.
        """
        ...

    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Stream the bytes from `start` up to but not including `end`, in chunks <= 256 KiB.

        An `end` beyond the object means its end. Errors come from the call itself, before the
        first chunk: ObjectMissing, and RangeOutOfBounds for a `start` beyond the end.
        """
        ...

    async def head(self, key: str) -> ObjectInfo:
        """Describe the object. Raises ObjectMissing."""
        ...

    async def exists(self, key: str) -> bool:
        """Say whether an object stands under `key`."""
        ...

    def objects(self) -> AsyncIterator[ObjectInfo]:
        """Go through all objects, in no order; one that arrives meanwhile may be left out."""
        ...

    async def delete(self, key: str) -> None:
        """Remove what an upload that was never finalised left; silent when nothing is there.

        Only the sweep of aborted uploads calls this: a file that was handed in is never deleted.
        """
        ...

    async def signed_download(
        self, key: str, *, content_disposition: str, expires_in: timedelta
    ) -> str | None:
        """Make a link with which a browser downloads straight from the backend.

        None where the backend has no web address of its own; the service then signs and serves a
        link itself. The type of the download is the one given to `put`.
        """
        ...

    async def signed_upload(
        self,
        key: str,
        *,
        size: int,
        content_type: str,
        content_disposition: str,
        expires_in: timedelta,
    ) -> SignedUpload | None:
        """Make a request with which a browser stores one object straight in the backend.

        It is bound to exactly `size` bytes, to the type, the disposition and the key, which it
        creates and never replaces. None where the backend has no web address of its own.
        """
        ...

    async def verify(self) -> None:
        """Return when the store is set up as the service needs it, or does not answer right now.

        Raises SettingsError with the way to mend it where it answers that it is not: no such
        bucket, missing rights. Asked once, before the service starts.
        """
        ...

    async def sweep_temporary(self, older_than: timedelta) -> int:
        """Remove what killed processes left half written; returns how many files went."""
        ...

    async def check(self) -> None:
        """Return when objects can be stored now; raise StorageUnavailable or StorageFull if not."""
        ...

    def name_of(self, key: str) -> str:
        """Name the object for records: `gs://bucket/key` or `local://key`. It is no link."""
        ...

    async def close(self) -> None:
        """Release threads and connections."""
        ...


def check_key(key: str) -> str:
    """Return `key` if it is one a backend takes as it stands, else raise InvalidKey.

    The grammar is narrow on purpose: path segments of ASCII letters, digits, `_`, `-` and `.`,
    none starting with `.` or `-`. So no backend has to encode, and `.`, `..` and hidden files
    cannot be spelled.
    """
    segments_fit = all(len(segment) <= MAX_SEGMENT_LENGTH for segment in key.split("/"))
    if len(key) > MAX_KEY_LENGTH or not segments_fit or not _KEY.fullmatch(key):
        raise InvalidKey(f"The storage cannot keep a file under the name {key[:200]!r}.")
    return key
