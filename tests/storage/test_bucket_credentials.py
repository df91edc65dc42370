"""Without a key file: tokens from the metadata server, signatures from IAM Credentials."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from google.auth.compute_engine import _metadata

from aibc.settings import StorageSettings
from aibc.storage.bucket import BucketStore, open_bucket
from aibc.storage.google.credentials import NoSigner
from aibc.storage.google.errors import StorageRefused
from aibc.storage.store import StorageUnavailable
from storage.contract import KEY, pieces, put, read
from storage.fake_gcs.client import CREATOR, EMAIL, VIEWER, FakeGoogle

HOUR = timedelta(hours=1)


@pytest.fixture
async def platform_store(
    bucket_settings: StorageSettings, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[BucketStore]:
    """The store of a service that Google runs: no key file, an account of the platform's."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
    monkeypatch.setenv("GCE_METADATA_IP", google.host)
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nonexistent")
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", google.host)
    google.control("platform", email=EMAIL)
    store = open_bucket(replace(bucket_settings, credentials_file=""))
    yield store
    await store.close()


async def link(store: BucketStore) -> str:
    url = await store.signed_download(KEY, content_disposition="attachment", expires_in=HOUR)
    assert url
    return url


async def test_files_go_in_and_out_as_the_platforms_account(
    platform_store: BucketStore, google: FakeGoogle
) -> None:
    google.grant(*CREATOR, *VIEWER)
    await put(platform_store, KEY, pieces(b"bytes"))
    assert await read(platform_store, KEY) == b"bytes"
    assert any("/computeMetadata/" in line for line in google.requests())


async def test_links_are_signed_by_googles_service(
    platform_store: BucketStore, google: FakeGoogle
) -> None:
    google.grant(*CREATOR, *VIEWER)
    await put(platform_store, KEY, pieces(b"bytes"))
    google.requests()
    url = await link(platform_store)
    assert any(line.endswith(":signBlob") for line in google.requests())
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(url)
        assert (answer.status_code, answer.content) == (200, b"bytes")
        signed = await platform_store.signed_upload(
            "other",
            size=2,
            content_type="text/plain",
            content_disposition="attachment",
            expires_in=HOUR,
        )
        assert signed
        sent = await browser.put(signed.url, content=b"ab", headers=signed.headers)
    assert sent.status_code == 200


async def test_one_token_serves_many_requests(
    platform_store: BucketStore, google: FakeGoogle
) -> None:
    await asyncio.gather(*(platform_store.exists(f"k/{number}") for number in range(20)))
    tokens = [line for line in google.requests() if line.endswith("/token")]
    assert len(tokens) == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_a_signing_service_that_is_down_ends_in_five_seconds_without_a_storm(
    platform_store: BucketStore, google: FakeGoogle, status: int
) -> None:
    await put(platform_store, KEY, pieces(b"bytes"))
    google.requests()
    google.fault("status", "POST", ":signBlob", times=1000, status=status)
    started = time.monotonic()
    results = await asyncio.gather(
        *(link(platform_store) for _ in range(10)), return_exceptions=True
    )
    assert time.monotonic() - started < 5
    assert all(isinstance(result, StorageUnavailable) for result in results)
    assert len([line for line in google.requests() if ":signBlob" in line]) <= 20
    # Everything that needs no signature goes on.
    assert await read(platform_store, KEY) == b"bytes"
    google.control("calm")
    assert await link(platform_store)


async def test_a_signing_service_that_stalls_ends_in_five_seconds(
    platform_store: BucketStore, google: FakeGoogle
) -> None:
    google.fault("stall", "POST", ":signBlob", times=10, seconds=20.0)
    started = time.monotonic()
    with pytest.raises(StorageUnavailable):
        await link(platform_store)
    assert time.monotonic() - started < 5.5


async def test_without_the_right_to_sign_the_refusal_says_so(
    platform_store: BucketStore, google: FakeGoogle
) -> None:
    google.grant(*CREATOR, *VIEWER, can_sign=False)
    with pytest.raises(StorageRefused):
        await link(platform_store)


async def test_credentials_without_a_service_account_cannot_sign(
    platform_store: BucketStore, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    await platform_store.exists(KEY)
    monkeypatch.setattr(
        "google.auth.compute_engine.credentials.Credentials.service_account_email", None
    )
    with pytest.raises(NoSigner, match="impersonate"):
        await link(platform_store)
