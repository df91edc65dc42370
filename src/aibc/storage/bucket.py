"""Objects in a bucket of Google Cloud Storage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta

from aibc.settings import StorageSettings
from aibc.storage.google.checks import PROBE_KEY, verify_bucket
from aibc.storage.google.client import BucketClient
from aibc.storage.google.credentials import Identity
from aibc.storage.google.links import download_link, upload_request
from aibc.storage.google.objects import ObjectReader, describe, list_objects
from aibc.storage.google.parts import Part, in_parts
from aibc.storage.google.transport import Transport
from aibc.storage.google.uploads import BucketUpload
from aibc.storage.hashing import Fingerprint
from aibc.storage.store import (
    ObjectInfo,
    ObjectMissing,
    ObjectSizeMismatch,
    ObjectStore,
    RangeOutOfBounds,
    SignedUpload,
    StoredObject,
    check_key,
)

# What one upload holds in memory; a multiple of 256 KiB, as the service wants it.
PART_SIZE = 4 * 1024 * 1024


def open_bucket(settings: StorageSettings) -> BucketStore:
    """Open the bucket the settings name; without a key file, as the platform's own account.

    Nothing is sent yet. Raises SettingsError when the credentials cannot be read.
    """
    transport = Transport()
    identity = Identity(transport, settings.credentials_file, settings.signing_endpoint)
    return BucketStore(BucketClient(transport, identity, settings.endpoint, settings.bucket))


class BucketStore(ObjectStore):
    """The contract of `ObjectStore` in a bucket; `client` is for whoever inspects it."""

    def __init__(self, client: BucketClient) -> None:
        self.client = client

    async def put(
        self,
        key: str,
        chunks: AsyncIterator[bytes],
        *,
        content_type: str,
        content_disposition: str,
        expected_size: int | None = None,
    ) -> StoredObject:
        headers = {"Content-Type": content_type, "Content-Disposition": content_disposition}
        upload = BucketUpload(self.client, check_key(key), headers)
        sent = Fingerprint()
        try:
            async with aclosing(in_parts(chunks, PART_SIZE)) as parts:
                async for part in parts:
                    await self.client.transport.in_thread(_count, part, sent)
                    if part.is_last and expected_size not in (None, sent.size):
                        raise ObjectSizeMismatch
                    await upload.send(part, sent)
            await upload.confirm(sent)
        except BaseException:
            await asyncio.shield(upload.abandon())
            raise
        return StoredObject(key, sent.size, sent.crc32c, sent.sha256)

    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        found = await describe(self.client, check_key(key))
        if start and start >= found.size:
            raise RangeOutOfBounds
        end = found.size if end is None else min(end, found.size)
        return ObjectReader(self.client, key, found, start, end).blocks()

    async def head(self, key: str) -> ObjectInfo:
        found = await describe(self.client, check_key(key))
        return ObjectInfo(key, found.size, found.crc32c, found.encoding)

    async def exists(self, key: str) -> bool:
        try:
            await self.head(key)
        except ObjectMissing:
            return False
        return True

    async def objects(self) -> AsyncIterator[ObjectInfo]:
        async for found in list_objects(self.client):
            # What the checks of the bucket leave is nobody's file.
            if found.key != PROBE_KEY:
                yield found

    async def delete(self, key: str) -> None:
        try:
            await self.client.patiently("DELETE", self.client.url(check_key(key)))
        except ObjectMissing:
            return

    async def signed_download(
        self, key: str, *, content_disposition: str, expires_in: timedelta
    ) -> str | None:
        return await download_link(self.client, check_key(key), content_disposition, expires_in)

    async def signed_upload(
        self,
        key: str,
        *,
        size: int,
        content_type: str,
        content_disposition: str,
        expires_in: timedelta,
    ) -> SignedUpload | None:
        return await upload_request(
            self.client,
            check_key(key),
            size=size,
            content_type=content_type,
            content_disposition=content_disposition,
            lifetime=expires_in,
        )

    async def sweep_temporary(self, older_than: timedelta) -> int:  # noqa: ARG002
        # Uploads that were cut are sessions, which Google forgets after a week.
        return 0

    async def check(self) -> None:
        # GET and not HEAD: only the former's refusal says that it is the bucket that is missing.
        url = self.client.url(PROBE_KEY)
        try:
            await self.client.request("GET", url, {"Range": "bytes=0-0"})
        except ObjectMissing:
            return

    async def verify(self) -> None:
        await verify_bucket(self.client)

    def name_of(self, key: str) -> str:
        return f"gs://{self.client.bucket}/{key}"

    async def close(self) -> None:
        self.client.transport.close()


def _count(part: Part, fingerprint: Fingerprint) -> None:
    for block in part.blocks:
        fingerprint.update(bytes(block))
