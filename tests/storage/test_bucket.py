"""The bucket backend over the object-store library's own in-memory service.

That proves our half: streaming, ranges, cut uploads, translation of errors. What only Google's
service can show, such as its signatures, is no part of this.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from obstore.store import GCSStore, MemoryStore

from aibc.storage.bucket import BucketStore
from aibc.storage.store import StorageUnavailable
from storage.contract import KEY, StoreContract, pieces, put


@pytest.fixture
def store() -> BucketStore:
    return BucketStore(MemoryStore(), "gs://bootcamp")


@pytest.fixture
def unreachable() -> BucketStore:
    """A bucket behind a port where nobody listens."""
    account = {
        "gcs_base_url": "http://127.0.0.1:1",
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    backend = GCSStore(
        "bootcamp",
        service_account_key=json.dumps(account),
        client_options={"allow_http": True},
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
    )
    return BucketStore(backend, "gs://bootcamp")


class TestBucketStore(StoreContract):
    pass


async def test_type_and_disposition_are_kept_with_the_object() -> None:
    backend = MemoryStore()
    await put(BucketStore(backend, "gs://bootcamp"), KEY, pieces(b"x"))
    attributes = (await backend.get_async(KEY)).attributes
    assert attributes["Content-Type"] == "image/png"
    assert attributes["Content-Disposition"] == 'attachment; filename="work.png"'


async def test_an_unreachable_bucket_is_an_unavailable_store(unreachable: BucketStore) -> None:
    for attempt in (
        unreachable.check(),
        unreachable.head(KEY),
        unreachable.get(KEY),
        put(unreachable, KEY, pieces(b"x")),
    ):
        with pytest.raises(StorageUnavailable) as caught:
            await attempt
        assert int(caught.value.headers["Retry-After"]) > 0


async def test_a_bucket_names_its_objects_as_google_does(store: BucketStore) -> None:
    assert store.name_of("a/b.png") == "gs://bootcamp/a/b.png"
