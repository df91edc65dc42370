"""Signed links as the bucket takes them: bound, unalterable, and over after an hour."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest

from aibc.storage.bucket import BucketStore
from aibc.storage.store import SignedUpload
from storage.contract import KEY, pieces, put
from storage.fake_gcs.client import CREATOR, VIEWER, FakeGoogle

HOUR = timedelta(hours=1)
DISPOSITION = 'attachment; filename="mine.png"'
OTHER = "pathways/p/users/u/resources/r/other.png"


async def download(store: BucketStore, key: str = KEY) -> str:
    url = await store.signed_download(key, content_disposition=DISPOSITION, expires_in=HOUR)
    assert url
    return url


async def upload(store: BucketStore, size: int = 5) -> SignedUpload:
    signed = await store.signed_upload(
        KEY,
        size=size,
        content_type="image/png",
        content_disposition=DISPOSITION,
        expires_in=HOUR,
    )
    assert signed
    return signed


async def get(url: str) -> httpx.Response:
    async with httpx.AsyncClient() as browser:
        return await browser.get(url)


async def send(
    signed: SignedUpload, content: bytes, headers: dict[str, str] | None = None
) -> httpx.Response:
    given = signed.headers if headers is None else headers
    async with httpx.AsyncClient() as browser:
        return await browser.put(signed.url, content=content, headers=given)


async def test_a_download_comes_under_the_name_in_the_link(
    bucket_store: BucketStore, google: FakeGoogle
) -> None:
    google.grant(*CREATOR, *VIEWER)
    await put(bucket_store, KEY, pieces(b"bytes"))
    answer = await get(await download(bucket_store))
    assert (answer.status_code, answer.content) == (200, b"bytes")
    assert answer.headers["Content-Disposition"] == DISPOSITION
    assert answer.headers["Content-Type"] == "image/png"


async def test_an_upload_is_stored_with_its_type_and_name(
    bucket_store: BucketStore, google: FakeGoogle
) -> None:
    google.grant(*CREATOR, *VIEWER)
    assert (await send(await upload(bucket_store), b"12345")).status_code == 200
    stored = google.objects()[KEY]
    assert (stored["size"], stored["content_type"]) == (5, "image/png")
    assert stored["content_disposition"] == DISPOSITION


@pytest.mark.parametrize("content", [b"", b"1234", b"123456", b"x" * 100_000])
async def test_another_size_than_bound_is_refused(
    bucket_store: BucketStore, google: FakeGoogle, content: bytes
) -> None:
    assert (await send(await upload(bucket_store), content)).status_code == 400
    assert google.objects() == {}


async def test_a_second_upload_replaces_nothing(
    bucket_store: BucketStore, google: FakeGoogle
) -> None:
    signed = await upload(bucket_store)
    assert (await send(signed, b"first")).status_code == 200
    before = google.objects()
    assert (await send(signed, b"later")).status_code == 412
    assert google.objects() == before


async def test_every_bound_header_has_to_come_as_it_was_bound(
    bucket_store: BucketStore, google: FakeGoogle
) -> None:
    signed = await upload(bucket_store)
    for name in signed.headers:
        rest = {key: value for key, value in signed.headers.items() if key != name}
        assert (await send(signed, b"12345", rest)).status_code in (400, 403), name
        altered = {**signed.headers, name: signed.headers[name] + "1"}
        assert (await send(signed, b"12345", altered)).status_code in (400, 403), name
    unsigned = {**signed.headers, "x-goog-acl": "public-read"}
    assert (await send(signed, b"12345", unsigned)).status_code == 400
    assert google.objects() == {}


async def test_no_parameter_of_a_link_can_be_altered_added_or_left_out(
    bucket_store: BucketStore,
) -> None:
    await put(bucket_store, KEY, pieces(b"bytes"))
    url = await download(bucket_store)
    base, _, query = url.partition("?")
    parameters = dict(parse_qsl(query))
    for name, value in parameters.items():
        last = "1" if value[-1] == "0" else "0"
        for altered in (
            {**parameters, name: value[:-1] + last},
            {key: given for key, given in parameters.items() if key != name},
        ):
            answer = await get(f"{base}?{urlencode(altered)}")
            assert answer.status_code >= 400, (name, altered)
    added = await get(f"{url}&response-content-type=text%2Fhtml")
    assert added.status_code == 403


async def test_a_link_opens_nothing_else(bucket_store: BucketStore, google: FakeGoogle) -> None:
    await put(bucket_store, KEY, pieces(b"mine"))
    await put(bucket_store, OTHER, pieces(b"other"))
    url = await download(bucket_store)
    assert (await get(url.replace(KEY, OTHER))).status_code == 403
    async with httpx.AsyncClient() as browser:
        assert (await browser.delete(url)).status_code == 403
        assert (await browser.put(url, content=b"x")).status_code == 403
    assert len(google.objects()) == 2


@pytest.mark.parametrize(("seconds", "status"), [(3590, 200), (3602, 400)])
async def test_links_live_for_one_hour(
    bucket_store: BucketStore, google: FakeGoogle, seconds: int, status: int
) -> None:
    await put(bucket_store, OTHER, pieces(b"bytes"))
    there, here = await download(bucket_store, OTHER), await upload(bucket_store)
    google.control("clock", offset_seconds=seconds)
    assert (await get(there)).status_code == status
    assert (await send(here, b"12345")).status_code == status


async def test_without_a_link_nobody_gets_in(bucket_store: BucketStore) -> None:
    await put(bucket_store, KEY, pieces(b"bytes"))
    url = await download(bucket_store)
    assert (await get(url.partition("?")[0])).status_code == 401
    listing = url.partition("pathways/")[0]
    assert (await get(listing)).status_code == 401
