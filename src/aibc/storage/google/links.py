"""Signed URLs to the objects of one bucket, for browsers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from aibc.storage.google.client import BucketClient
from aibc.storage.google.signing import UrlToSign
from aibc.storage.store import SignedUpload

# What a browser has to send along with an upload; the bucket's CORS rules must allow it.
UPLOAD_HEADERS = (
    "Content-Type",
    "Content-Disposition",
    "x-goog-content-length-range",
    "x-goog-if-generation-match",
)


async def download_link(
    client: BucketClient, key: str, content_disposition: str, lifetime: timedelta
) -> str:
    """A link that saves the object as `content_disposition` says. Raises StorageUnavailable."""
    query = {"response-content-disposition": content_disposition}
    return await _signed(client, "GET", key, lifetime, query=query)


async def upload_request(
    client: BucketClient,
    key: str,
    *,
    size: int,
    content_type: str,
    content_disposition: str,
    lifetime: timedelta,
) -> SignedUpload:
    """A request that creates the object from exactly `size` bytes. Raises StorageUnavailable."""
    values = (content_type, content_disposition, f"{size},{size}", "0")
    headers = dict(zip(UPLOAD_HEADERS, values, strict=True))
    url = await _signed(client, "PUT", key, lifetime, headers=headers)
    return SignedUpload("PUT", url, headers)


async def _signed(
    client: BucketClient,
    method: str,
    key: str,
    lifetime: timedelta,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> str:
    unsigned = UrlToSign(
        method=method,
        endpoint=client.endpoint,
        path=f"/{client.bucket}/{key}",
        account=await client.identity.email(),
        moment=datetime.now(UTC),
        lifetime=lifetime,
        headers=headers or {},
        query=query or {},
    )
    return unsigned.url(await client.identity.sign(unsigned.bytes_to_sign))
