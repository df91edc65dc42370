"""Rows against objects in a bucket, which knows a checksum without reading."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aibc.database.pool import Connection, Database
from aibc.doctor.examination import Wishes, examine
from aibc.doctor.findings import Report
from aibc.doctor.scope import Scope
from aibc.storage.bucket import BucketStore
from doctor.conftest import corrupt


async def bytes_of(key: str) -> AsyncIterator[bytes]:
    yield key.encode() * 100


@pytest.fixture
async def keys(bootcamp: Connection, bucket_store: BucketStore) -> list[str]:
    """Every submission's object is in the bucket, and its row says what is in it."""
    rows = await bootcamp.fetch("SELECT object_key FROM resource_submissions ORDER BY sequence")
    found = [row["object_key"] for row in rows]
    for key in found:
        stored = await bucket_store.put(
            key, bytes_of(key), content_type="image/png", content_disposition="attachment"
        )
        await corrupt(
            bootcamp,
            "UPDATE resource_submissions SET gcs_url = $2, file_size_bytes = $3, crc32c = $4,"
            " sha256 = NULL WHERE object_key = $1",
            key,
            bucket_store.name_of(key),
            stored.size,
            stored.crc32c,
        )
    return found


async def examined(database: Database, store: BucketStore, *, deep: bool = False) -> Report:
    async def everything() -> Scope:
        return Scope()

    return await examine(database, store, everything, Wishes(deep=deep), lambda *_: None)


async def test_a_bucket_that_agrees_is_no_news_and_deep_fills_every_fingerprint(
    database: Database, bucket_store: BucketStore, keys: list[str]
) -> None:
    report = await examined(database, bucket_store)
    assert (report.healthy, report.submissions, report.objects) == (True, len(keys), len(keys))
    assert (await examined(database, bucket_store, deep=True)).fingerprints_filled == len(keys)
    assert (await examined(database, bucket_store, deep=True)).fingerprints_filled == 0


async def test_another_checksum_in_the_bucket_is_found_without_reading(
    database: Database, bootcamp: Connection, bucket_store: BucketStore, keys: list[str]
) -> None:
    await corrupt(
        bootcamp,
        "UPDATE resource_submissions SET crc32c = 'AAAAAA==' WHERE object_key = $1",
        keys[0],
    )
    report = await examined(database, bucket_store)
    assert [(one.code, one.stored) for one in report.wrong.kept] == [("object_crc32c", "AAAAAA==")]


async def test_missing_and_unnamed_objects_of_a_bucket_are_named(
    database: Database, bootcamp: Connection, bucket_store: BucketStore, keys: list[str]
) -> None:
    await corrupt(
        bootcamp,
        "UPDATE resource_submissions SET gcs_url = gcs_url || '-gone' WHERE object_key = $1",
        keys[0],
    )
    report = await examined(database, bucket_store)
    assert [(one.code, one.subject) for one in report.wrong.kept] == [
        ("object_missing", bucket_store.name_of(f"{keys[0]}-gone")),
        ("object_unnamed", bucket_store.name_of(keys[0])),
    ]
