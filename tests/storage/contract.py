"""What every storage backend must do; a backend is done when its test class inherits this.

A backend's test module defines the fixture `store` and one class deriving from StoreContract.
CreateOnlyContract is about races for one key, BoundedMemoryContract about what an upload holds.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta

import google_crc32c
import pytest

from aibc.storage.chunks import BLOCK_SIZE
from aibc.storage.store import (
    InvalidKey,
    ObjectExists,
    ObjectMissing,
    ObjectSizeMismatch,
    ObjectStore,
    RangeOutOfBounds,
    StoredObject,
)

KEY = "pathways/p/users/u/resources/r/2026-11-22_10-00-00_work.png"
MEBIBYTE = 1024 * 1024


class StreamCut(Exception):
    """Stands for a client that goes away in the middle of its upload."""


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def repeated(chunk: bytes, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield chunk


async def cut_after(*chunks: bytes, failure: BaseException) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    raise failure


async def put(
    store: ObjectStore,
    key: str,
    chunks: AsyncIterator[bytes],
    expected_size: int | None = None,
) -> StoredObject:
    return await store.put(
        key,
        chunks,
        content_type="image/png",
        content_disposition='attachment; filename="work.png"',
        expected_size=expected_size,
    )


async def read(store: ObjectStore, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in await store.get(key, start, end)])


def checksum(content: bytes) -> str:
    return base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()


class StoreContract:
    async def test_going_through_all_objects_names_each_once_with_its_size(
        self, store: ObjectStore
    ) -> None:
        sizes = {
            f"pathways/p/users/u/resources/r{number % 7}/{number}": number for number in range(30)
        }
        for key, size in sizes.items():
            await put(store, key, pieces(b"x" * size))
        found = [info async for info in store.objects()]
        assert {info.key: info.size for info in found} == sizes
        assert len(found) == len(sizes)

    async def test_an_empty_store_has_no_objects(self, store: ObjectStore) -> None:
        assert [info async for info in store.objects()] == []

    async def test_what_was_put_comes_back_byte_for_byte(self, store: ObjectStore) -> None:
        await put(store, KEY, pieces(b"hello ", b"", b"world"))
        assert await read(store, KEY) == b"hello world"

    async def test_put_tells_size_and_checksums_of_what_is_stored(self, store: ObjectStore) -> None:
        stored = await put(store, KEY, pieces(b"123", b"456789"))
        digest = hashlib.sha256(b"123456789").hexdigest()
        assert stored == StoredObject(KEY, 9, checksum(b"123456789"), digest)
        assert stored.crc32c == base64.b64encode(0xE3069283.to_bytes(4, "big")).decode()

    async def test_head_tells_key_and_size(self, store: ObjectStore) -> None:
        await put(store, KEY, pieces(b"12345"))
        found = await store.head(KEY)
        assert (found.key, found.size) == (KEY, 5)

    async def test_exists_says_yes_only_after_the_put(self, store: ObjectStore) -> None:
        assert not await store.exists(KEY)
        await put(store, KEY, pieces(b"x"))
        assert await store.exists(KEY)

    async def test_an_empty_object_is_an_object(self, store: ObjectStore) -> None:
        assert (await put(store, KEY, pieces())).size == 0
        assert await read(store, KEY) == b""

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            (0, None, b"0123456789"),
            (0, 1, b"0"),
            (3, 7, b"3456"),
            (9, 10, b"9"),
            (4, None, b"456789"),
            (4, 1000, b"456789"),
            (4, 4, b""),
        ],
    )
    async def test_a_range_gives_the_bytes_up_to_its_end(
        self, store: ObjectStore, start: int, end: int | None, expected: bytes
    ) -> None:
        await put(store, KEY, pieces(b"0123456789"))
        assert await read(store, KEY, start, end) == expected

    async def test_a_range_across_blocks_is_exact(self, store: ObjectStore) -> None:
        content = bytes(range(256)) * (3 * BLOCK_SIZE // 256) + b"tail"
        await put(store, KEY, pieces(content))
        start, end = BLOCK_SIZE - 3, 2 * BLOCK_SIZE + 5
        assert await read(store, KEY, start, end) == content[start:end]

    @pytest.mark.parametrize("start", [10, 11, 10**12])
    async def test_a_range_behind_the_end_is_refused_before_the_first_chunk(
        self, store: ObjectStore, start: int
    ) -> None:
        await put(store, KEY, pieces(b"0123456789"))
        with pytest.raises(RangeOutOfBounds):
            await store.get(KEY, start)

    async def test_a_stream_comes_in_chunks_of_at_most_256_kib(self, store: ObjectStore) -> None:
        await put(store, KEY, repeated(b"x" * MEBIBYTE, 3))
        sizes = [len(chunk) async for chunk in await store.get(KEY)]
        assert max(sizes) <= 256 * 1024
        assert sum(sizes) == 3 * MEBIBYTE

    async def test_a_stream_left_early_can_be_read_again(self, store: ObjectStore) -> None:
        await put(store, KEY, repeated(b"x" * MEBIBYTE, 2))
        async for chunk in await store.get(KEY):
            assert chunk
            break
        assert len(await read(store, KEY)) == 2 * MEBIBYTE

    async def test_what_is_missing_is_called_missing(self, store: ObjectStore) -> None:
        with pytest.raises(ObjectMissing):
            await store.get(KEY)
        with pytest.raises(ObjectMissing):
            await store.head(KEY)

    async def test_a_prefix_of_a_key_is_no_object(self, store: ObjectStore) -> None:
        await put(store, KEY, pieces(b"x"))
        with pytest.raises(ObjectMissing):
            await store.get("pathways/p/users")
        assert not await store.exists("pathways/p/users")

    async def test_a_taken_key_is_refused_and_the_first_bytes_stand(
        self, store: ObjectStore
    ) -> None:
        await put(store, KEY, pieces(b"first"))
        with pytest.raises(ObjectExists):
            await put(store, KEY, pieces(b"second"))
        assert await read(store, KEY) == b"first"

    @pytest.mark.parametrize(
        "key",
        [
            "a",
            "UPPER/lower/0-9_.-x",
            "a.b.c/d..e",
            "_leading/underscore",
            "x" * 200 + "/" + "y" * 200,
            "pathways/a-b/users/8b1c0d3e-0000-4000-8000-000000000000/resources/r-1/2026_a-2.png",
        ],
    )
    async def test_every_key_of_the_grammar_is_kept_as_it_is(
        self, store: ObjectStore, key: str
    ) -> None:
        assert (await put(store, key, pieces(key.encode()))).key == key
        assert await read(store, key) == key.encode()

    @pytest.mark.parametrize(
        "key",
        [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            ".",
            "..",
            "../x",
            "a/../../x",
            "a/./b",
            ".hidden",
            "a/.temporary",
            "-option",
            "a\\..\\b",
            "a\x00b",
            "a b",
            "a\n",
            "%2e%2e/x",
            "ü",
            "x" * 201,
            "/".join(["x" * 200] * 6),
        ],
    )
    async def test_a_key_outside_the_grammar_is_refused_everywhere(
        self, store: ObjectStore, key: str
    ) -> None:
        with pytest.raises(InvalidKey):
            await put(store, key, pieces(b"x"))
        with pytest.raises(InvalidKey):
            await store.get(key)
        with pytest.raises(InvalidKey):
            await store.head(key)
        with pytest.raises(InvalidKey):
            await store.delete(key)

    async def test_the_announced_size_is_accepted(self, store: ObjectStore) -> None:
        assert (await put(store, KEY, pieces(b"12345"), expected_size=5)).size == 5

    @pytest.mark.parametrize("expected_size", [0, 4, 6])
    async def test_another_size_than_announced_leaves_nothing(
        self, store: ObjectStore, expected_size: int
    ) -> None:
        with pytest.raises(ObjectSizeMismatch):
            await put(store, KEY, pieces(b"12345"), expected_size=expected_size)
        assert not await store.exists(KEY)

    @pytest.mark.parametrize("failure", [StreamCut(), OSError("of the caller"), TimeoutError()])
    async def test_the_failure_of_a_cut_stream_passes_and_leaves_nothing(
        self, store: ObjectStore, failure: Exception
    ) -> None:
        with pytest.raises(type(failure)) as caught:
            await put(store, KEY, cut_after(b"x" * MEBIBYTE, b"y", failure=failure))
        assert caught.value is failure
        assert not await store.exists(KEY)

    async def test_a_key_can_be_used_after_a_cut_upload(self, store: ObjectStore) -> None:
        with pytest.raises(StreamCut):
            await put(store, KEY, cut_after(b"half", failure=StreamCut()))
        await put(store, KEY, pieces(b"whole"))
        assert await read(store, KEY) == b"whole"

    async def test_a_cancelled_upload_leaves_nothing(self, store: ObjectStore) -> None:
        asked = asyncio.Event()

        async def stalled() -> AsyncIterator[bytes]:
            yield b"x" * MEBIBYTE
            asked.set()
            await asyncio.Event().wait()

        upload = asyncio.create_task(put(store, KEY, stalled()))
        await asked.wait()
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
        assert not await store.exists(KEY)

    async def test_nothing_is_visible_while_an_upload_is_under_way(
        self, store: ObjectStore
    ) -> None:
        seen = []

        async def watched() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * MEBIBYTE
                seen.append(await store.exists(KEY))

        await put(store, KEY, watched())
        assert seen == [False, False, False]

    async def test_uploads_side_by_side_do_not_mix(self, store: ObjectStore) -> None:
        contents = {f"k/{number}": bytes([number]) * MEBIBYTE for number in range(8)}
        await asyncio.gather(
            *(put(store, key, repeated(content[:4096], 256)) for key, content in contents.items())
        )
        for key, content in contents.items():
            digest = hashlib.sha256(await read(store, key)).digest()
            assert digest == hashlib.sha256(content).digest()

    async def test_delete_removes_and_is_silent_when_nothing_is_there(
        self, store: ObjectStore
    ) -> None:
        await put(store, KEY, pieces(b"aborted"))
        await store.delete(KEY)
        await store.delete(KEY)
        assert not await store.exists(KEY)

    async def test_a_healthy_store_passes_its_check(self, store: ObjectStore) -> None:
        await store.check()

    async def test_the_name_of_an_object_ends_in_its_key(self, store: ObjectStore) -> None:
        scheme, _, rest = store.name_of(KEY).partition("://")
        assert scheme in {"local", "gs"}
        assert rest.endswith(KEY)

    async def test_a_sweep_leaves_finished_objects_alone(self, store: ObjectStore) -> None:
        await put(store, KEY, pieces(b"kept"))
        await store.sweep_temporary(timedelta(0))
        assert await read(store, KEY) == b"kept"


class CreateOnlyContract:
    async def test_of_uploads_racing_for_one_key_exactly_one_wins(self, store: ObjectStore) -> None:
        contents = [bytes([number]) * MEBIBYTE for number in range(8)]
        results = await asyncio.gather(
            *(put(store, KEY, repeated(content[:65536], 16)) for content in contents),
            return_exceptions=True,
        )
        winners = [
            index for index, result in enumerate(results) if isinstance(result, StoredObject)
        ]
        losers = [result for result in results if isinstance(result, ObjectExists)]
        assert (len(winners), len(losers)) == (1, 7)
        assert await read(store, KEY) == contents[winners[0]]


class BoundedMemoryContract:
    async def test_a_large_object_is_stored_and_read_in_two_mebibytes_of_memory(
        self, store: ObjectStore
    ) -> None:
        await put(store, "warm/up", repeated(b"x" * MEBIBYTE, 2))
        tracemalloc.start()
        try:
            await put(store, KEY, repeated(b"x" * 65536, 64 * 16))
            async for chunk in await store.get(KEY):
                assert chunk
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2 * MEBIBYTE
