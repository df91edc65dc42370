"""Our signed URLs against those of Google's own library, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from google.cloud.storage import (  # type: ignore[import-untyped]  # it ships no types
    Client,
    _signing,
)
from google.oauth2 import service_account
from hypothesis import given, settings
from hypothesis import strategies as some

from aibc.storage.google.signing import UrlToSign
from storage.fake_gcs.client import EMAIL, private_key

MOMENT = datetime(2026, 11, 22, 23, 59, 58, tzinfo=UTC)
ENDPOINT = "https://storage.googleapis.com"
DISPOSITION = "attachment; filename=\"Gru-e.png\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.png"
BOUND = {
    "Content-Type": "image/svg+xml",
    "Content-Disposition": DISPOSITION,
    "x-goog-content-length-range": "5,5",
    "x-goog-if-generation-match": "0",
}
KEYS = [
    "a",
    "pathways/p/users/8b1c0d3e-0000-4000-8000-000000000000/resources/r/2026-11-22_10-00-00_a.png",
    "with blank/and+plus",
    "percent%2F%25/100%",
    "ümläut/日本語/🎉.png",
    "tilde~star*quote'paren()",
    "question?and#hash&amp=x",
    "double//slash/./dots/../x",
]


@pytest.fixture(scope="module")
def account() -> Any:
    return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
        {"client_email": EMAIL, "private_key": private_key(), "token_uri": "https://unused"}
    )


def theirs(account: Any, key: str, method: str, lifetime: timedelta, **more: Any) -> str:
    blob = Client(project="p", credentials=account).bucket("bucket").blob(key)
    timestamp = MOMENT.strftime("%Y%m%dT%H%M%SZ")
    with patch.object(_signing, "get_v4_now_dtstamps", lambda: (timestamp, timestamp[:8])):
        url: str = blob.generate_signed_url(
            version="v4", expiration=lifetime, method=method, credentials=account, **more
        )
    return url


def ours(account: Any, key: str, method: str, lifetime: timedelta, **more: Any) -> str:
    unsigned = UrlToSign(
        method=method,
        endpoint=ENDPOINT,
        path=f"/bucket/{key}",
        account=EMAIL,
        moment=MOMENT,
        lifetime=lifetime,
        **more,
    )
    return unsigned.url(account.sign_bytes(unsigned.bytes_to_sign))


@pytest.mark.parametrize("key", KEYS)
def test_a_download_link_is_googles(account: Any, key: str) -> None:
    for lifetime in (timedelta(seconds=1), timedelta(hours=1), timedelta(days=7)):
        query = {"response-content-disposition": DISPOSITION}
        expected = theirs(account, key, "GET", lifetime, response_disposition=DISPOSITION)
        assert ours(account, key, "GET", lifetime, query=query) == expected


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("more", [{}, {"x-goog-hash": "crc32c=4waSgw=="}])
def test_an_upload_link_with_bound_headers_is_googles(
    account: Any, key: str, more: dict[str, str]
) -> None:
    headers = {**BOUND, **more}
    expected = theirs(account, key, "PUT", timedelta(hours=1), headers=dict(headers))
    assert ours(account, key, "PUT", timedelta(hours=1), headers=headers) == expected


TEXT = some.text(some.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(key=TEXT, value=TEXT, header=some.text("aZ09 \t;=,\"'/", min_size=1, max_size=30))
def test_any_key_parameter_and_header_is_spelled_as_google_does(
    account: Any, key: str, value: str, header: str
) -> None:
    headers, query = {"X-Goog-Meta-A": header}, {"response-content-disposition": value}
    expected = theirs(
        account,
        key,
        "PUT",
        timedelta(minutes=5),
        headers=dict(headers),
        response_disposition=value,
    )
    assert ours(account, key, "PUT", timedelta(minutes=5), headers=headers, query=query) == expected


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(-1), timedelta(days=7, seconds=1)])
def test_a_link_without_end_or_life_is_not_made(account: Any, lifetime: timedelta) -> None:
    with pytest.raises(ValueError, match="seven days"):
        ours(account, "a", "GET", lifetime)
