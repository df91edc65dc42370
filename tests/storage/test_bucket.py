"""The bucket backend against a Google Cloud Storage of our own in another process."""

from __future__ import annotations

from pathlib import Path

import pytest

from aibc.settings import StorageSettings
from aibc.storage.bucket import PART_SIZE, BucketStore, open_bucket
from aibc.storage.google import checks
from aibc.storage.store import ObjectInfo, ObjectSizeMismatch, StorageUnavailable
from storage.contract import (
    KEY,
    MEBIBYTE,
    CreateOnlyContract,
    StoreContract,
    checksum,
    pieces,
    put,
    read,
    repeated,
)
from storage.fake_gcs.client import BUCKET, CREATOR, VIEWER, FakeGoogle


@pytest.fixture
def store(bucket_store: BucketStore) -> BucketStore:
    return bucket_store


class TestBucketStore(StoreContract, CreateOnlyContract):
    pass


async def test_type_and_disposition_are_kept_with_the_object(
    store: BucketStore, google: FakeGoogle
) -> None:
    await put(store, KEY, pieces(b"x"))
    kept = google.objects()[KEY]
    assert kept["content_type"] == "image/png"
    assert kept["content_disposition"] == 'attachment; filename="work.png"'


async def test_head_tells_the_checksum_of_what_arrived(store: BucketStore) -> None:
    await put(store, KEY, pieces(b"123456789"))
    assert await store.head(KEY) == ObjectInfo(KEY, 9, "4waSgw==")


@pytest.mark.parametrize(
    "size", [PART_SIZE - 1, PART_SIZE, PART_SIZE + 1, 2 * PART_SIZE, 9 * MEBIBYTE]
)
async def test_objects_around_the_size_of_a_part_are_stored_whole(
    store: BucketStore, google: FakeGoogle, size: int
) -> None:
    content = bytes(range(251)) * (size // 251) + b"x" * (size % 251)
    await put(store, KEY, repeated(content, 1))
    assert google.objects()[KEY]["crc32c"] == checksum(content)
    assert await read(store, KEY, size - 10) == content[-10:]


async def test_a_long_upload_of_another_size_than_announced_is_never_completed(
    store: BucketStore, google: FakeGoogle
) -> None:
    with pytest.raises(ObjectSizeMismatch):
        await put(store, KEY, repeated(b"x" * MEBIBYTE, 9), expected_size=10 * MEBIBYTE)
    assert google.objects() == {}
    assert google.control("sessions") == []


async def test_rights_to_create_and_to_view_are_enough(
    store: BucketStore, google: FakeGoogle
) -> None:
    google.grant(*CREATOR, *VIEWER)
    await put(store, KEY, repeated(b"x" * MEBIBYTE, 5))
    await store.check()
    assert len(await read(store, KEY)) == 5 * MEBIBYTE
    assert [info.key async for info in store.objects()] == [KEY]


async def test_the_object_of_the_checks_is_not_among_the_files(store: BucketStore) -> None:
    await put(store, checks.PROBE_KEY, pieces(b"x"))
    assert [info async for info in store.objects()] == []


async def test_an_unreachable_bucket_is_an_unavailable_store(
    bucket_settings: StorageSettings, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aibc.storage.google.attempts.PATIENCE_SECONDS", 0.2)
    google.fault("reset", "*", f"/{BUCKET}/", times=1000)
    store = open_bucket(bucket_settings)
    for attempt in (store.check(), store.head(KEY), store.get(KEY), put(store, KEY, pieces(b"x"))):
        with pytest.raises(StorageUnavailable) as caught:
            await attempt
        assert int(caught.value.headers["Retry-After"]) > 0
    await store.close()


async def test_a_bucket_names_its_objects_as_google_does(store: BucketStore) -> None:
    assert store.name_of("a/b.png") == f"gs://{BUCKET}/a/b.png"


async def test_nothing_is_written_to_the_local_disk(
    store: BucketStore, bucket_settings: StorageSettings
) -> None:
    await put(store, KEY, pieces(b"x"))
    assert not Path(bucket_settings.local_directory).exists()
