"""Uploads and downloads while the bucket's service fails: nothing is lost, doubled or endless."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator, Mapping

import pytest

from aibc.storage.bucket import PART_SIZE, BucketStore
from aibc.storage.google import attempts
from aibc.storage.google.errors import ObjectDamaged, StorageRefused
from aibc.storage.google.transport import Answer, Body
from aibc.storage.store import ObjectExists, StorageUnavailable
from storage.contract import KEY, MEBIBYTE, checksum, pieces, put, read, repeated
from storage.fake_gcs.client import BUCKET, FakeGoogle

OBJECT = f"/{BUCKET}/pathways"
SMALL = b"0123456789" * 1000
# Three parts, the last of odd length.
LARGE = bytes(range(256)) * (2 * PART_SIZE // 256) + b"tail of odd length"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """All waits a fraction as long, with a stall noticed after 0.8 s."""
    monkeypatch.setattr(attempts, "FIRST_PAUSE_SECONDS", 0.025)
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_SECONDS", 0.4)
    monkeypatch.setattr(attempts, "PATIENCE_SECONDS", 3.6)
    monkeypatch.setattr("aibc.storage.google.transport.SILENCE_SECONDS", 0.8)
    monkeypatch.setattr("aibc.storage.google.transport.CONNECT_SECONDS", 0.4)


@pytest.fixture
def store(hurried: None, bucket_store: BucketStore) -> BucketStore:
    return bucket_store


def stored_once(google: FakeGoogle, content: bytes) -> None:
    objects = google.objects()
    assert list(objects) == [KEY]
    assert objects[KEY]["crc32c"] == checksum(content)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["whole", "resumable"])
async def test_a_burst_of_refusals_is_sat_out(
    store: BucketStore, google: FakeGoogle, status: int, content: bytes
) -> None:
    for method in ("PUT", "POST", "HEAD"):
        google.fault("status", method, OBJECT, times=2, status=status)
    assert (await put(store, KEY, repeated(content, 1))).size == len(content)
    stored_once(google, content)
    google.fault("status", "GET", OBJECT, times=2, status=status)
    assert await read(store, KEY) == content


async def test_refusals_without_end_are_reported_in_bounded_time_and_number(
    store: BucketStore, google: FakeGoogle
) -> None:
    google.fault("status", "PUT", OBJECT, times=1000)
    started = time.monotonic()
    with pytest.raises(StorageUnavailable):
        await put(store, KEY, pieces(SMALL))
    assert time.monotonic() - started < 3
    sent = [line for line in google.requests() if line.startswith("PUT")]
    assert len(sent) <= attempts.MAX_ATTEMPTS
    google.control("calm")
    assert google.objects() == {}
    await put(store, KEY, pieces(SMALL))
    stored_once(google, SMALL)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["whole", "resumable"])
@pytest.mark.parametrize("times", [1, 2])
async def test_lost_answers_never_make_a_second_object_nor_an_error(
    store: BucketStore, google: FakeGoogle, content: bytes, times: int
) -> None:
    google.fault("lose_answer", "POST", OBJECT, times=1)
    google.fault("lose_answer", "PUT", OBJECT, times=times)
    await put(store, KEY, repeated(content, 1))
    stored_once(google, content)


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_the_answer_to_any_part_may_get_lost(
    store: BucketStore, google: FakeGoogle, number: int
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for part in range(3):
            if part + 1 == number:
                # The part before is sent only now, so this hits the one after it.
                google.fault("lose_answer", "PUT", OBJECT)
            yield LARGE[part * PART_SIZE : (part + 1) * PART_SIZE]

    await put(store, KEY, parts())
    stored_once(google, LARGE)


async def test_somebody_elses_object_is_no_lost_answer(
    store: BucketStore, google: FakeGoogle
) -> None:
    await put(store, KEY, pieces(SMALL))
    google.fault("status", "PUT", OBJECT, times=1)
    with pytest.raises(ObjectExists):
        await put(store, KEY, pieces(SMALL))
    stored_once(google, SMALL)


@pytest.mark.parametrize("kind", ["reset", "stall"])
@pytest.mark.parametrize("after", [0, 300_000, 3_000_000])
async def test_an_upload_broken_in_the_middle_goes_on(
    store: BucketStore, google: FakeGoogle, kind: str, after: int
) -> None:
    google.fault(kind, "PUT", OBJECT, after_bytes=after, seconds=5.0)
    await put(store, KEY, repeated(LARGE, 1))
    stored_once(google, LARGE)


@pytest.mark.parametrize("kind", ["break", "stall"])
@pytest.mark.parametrize("after", [0, 65536, 3_000_000])
async def test_a_download_broken_in_the_middle_goes_on(
    store: BucketStore, google: FakeGoogle, kind: str, after: int
) -> None:
    await put(store, KEY, repeated(LARGE, 1))
    google.fault(kind, "GET", OBJECT, after_bytes=after, seconds=5.0)
    assert await read(store, KEY) == LARGE


async def test_a_service_that_stalls_for_ever_is_given_up(
    store: BucketStore, google: FakeGoogle
) -> None:
    google.fault("stall", "PUT", OBJECT, times=1000, seconds=5.0)
    started = time.monotonic()
    with pytest.raises(StorageUnavailable):
        await put(store, KEY, pieces(SMALL))
    # A tenth of the thirty seconds that the service's own limits come to.
    assert time.monotonic() - started < 4.5


async def test_an_upload_that_stalls_does_not_delay_others(
    store: BucketStore, google: FakeGoogle
) -> None:
    google.fault("stall", "PUT", f"/{BUCKET}/stalled", times=1000, seconds=5.0)
    stalled = asyncio.create_task(put(store, "stalled/key", pieces(SMALL)))
    started = time.monotonic()
    for number in range(5):
        await put(store, f"quick/{number}", pieces(SMALL))
    assert time.monotonic() - started < 1.5
    assert not stalled.done()
    with pytest.raises(StorageUnavailable):
        await stalled


async def test_a_small_file_damaged_on_its_way_is_sent_again(
    store: BucketStore, google: FakeGoogle
) -> None:
    google.fault("corrupt", "PUT", OBJECT)
    await put(store, KEY, pieces(SMALL))
    stored_once(google, SMALL)


async def test_a_large_file_damaged_on_its_way_is_never_stored(
    store: BucketStore, google: FakeGoogle
) -> None:
    google.fault("corrupt", "PUT", OBJECT)
    with pytest.raises(StorageUnavailable):
        await put(store, KEY, repeated(LARGE, 1))
    assert google.objects() == {}


async def test_damage_that_the_service_does_not_notice_is_noticed(
    store: BucketStore, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = store.client.transport.request

    async def without_hash(
        method: str, url: str, headers: Mapping[str, str], body: Body = ()
    ) -> Answer:
        kept = {name: value for name, value in headers.items() if name != "x-goog-hash"}
        return await request(method, url, kept, body)

    monkeypatch.setattr(store.client.transport, "request", without_hash)
    google.fault("corrupt", "PUT", OBJECT)
    with pytest.raises(ObjectDamaged):
        await put(store, KEY, repeated(LARGE, 1))
    assert google.objects() == {}


async def test_a_file_damaged_on_its_way_back_is_not_passed_off_as_whole(
    store: BucketStore, google: FakeGoogle
) -> None:
    await put(store, KEY, repeated(LARGE, 1))
    google.fault("corrupt", "GET", OBJECT)
    with pytest.raises(StorageUnavailable, match="damaged"):
        await read(store, KEY)


async def test_a_token_that_was_taken_back_is_renewed(
    store: BucketStore, google: FakeGoogle
) -> None:
    await put(store, KEY, pieces(SMALL))
    google.control("clock", offset_seconds=7200)
    assert await read(store, KEY) == SMALL


async def test_missing_rights_are_told_apart_from_a_bad_moment(
    store: BucketStore, google: FakeGoogle
) -> None:
    google.grant()
    for attempt in (put(store, KEY, pieces(SMALL)), store.head(KEY), store.check()):
        with pytest.raises(StorageRefused):
            await attempt


async def test_an_upload_holds_less_than_ten_mebibytes(bucket_store: BucketStore) -> None:
    await put(bucket_store, "warm/up", repeated(b"x" * MEBIBYTE, 9))
    tracemalloc.start()
    try:
        await put(bucket_store, KEY, repeated(b"x" * 65536, 50 * 16))
        _, sending = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        async for block in await bucket_store.get(KEY):
            assert block
        _, reading = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sending < 10 * MEBIBYTE
    assert reading < 3 * MEBIBYTE


@pytest.mark.soak
async def test_the_real_limits_end_a_stall_within_thirty_seconds(
    bucket_store: BucketStore, google: FakeGoogle
) -> None:
    google.fault("stall", "PUT", OBJECT, times=1000, seconds=120.0)
    for content in (SMALL, LARGE):
        started = time.monotonic()
        with pytest.raises(StorageUnavailable):
            await put(bucket_store, KEY, repeated(content, 1))
        assert time.monotonic() - started < 30


@pytest.mark.soak
async def test_a_hundred_broken_uploads_are_all_whole(
    store: BucketStore, google: FakeGoogle
) -> None:
    for number in range(100):
        kind = ("reset", "lose_answer", "status", "corrupt")[number % 4]
        content = SMALL if kind == "corrupt" else LARGE
        google.fault(kind, "PUT", OBJECT, after_bytes=number * 70_000)
        key = f"{KEY}-{number}"
        await put(store, key, repeated(content, 1))
        assert google.objects()[key]["crc32c"] == checksum(content)
        assert await read(store, key) == content
