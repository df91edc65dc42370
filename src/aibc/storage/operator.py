"""What an operator does with the storage: let browsers upload, and see that it works."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from aibc.settings import Settings, SettingsError
from aibc.storage import open_store
from aibc.storage.bucket import open_bucket
from aibc.storage.google.checks import Finding, inspect_bucket
from aibc.storage.google.client import BucketClient
from aibc.storage.google.cors import merged, read_rules, write_rules
from aibc.storage.google.errors import StorageRefused


async def set_up_cors(settings: Settings, *, dry_run: bool) -> str:
    """Set the rules, or with `dry_run` do not; returns what to print. Raises StorageRefused."""
    client = _bucket(settings)
    try:
        rules = merged(await read_rules(client), uploading_origins(settings))
        if dry_run:
            return json.dumps(rules, indent=2)
        await write_rules(client, rules)
        return f"Pages of {', '.join(uploading_origins(settings))} may upload now."
    except StorageRefused as error:
        bucket = settings.storage.bucket
        raise StorageRefused(
            f"These credentials may not read and change gs://{bucket} itself: grant them "
            "roles/storage.legacyBucketOwner for a while, or follow docs/storage.md by hand."
        ) from error
    finally:
        client.transport.close()


def uploading_origins(settings: Settings) -> tuple[str, ...]:
    """Whose pages send files straight into the bucket: clients of the API, and our own pages."""
    clients = settings.server.cors_origins
    public = urlsplit(settings.server.public_url)
    own = f"{public.scheme}://{public.netloc}"
    return clients if own in clients or "*" in clients else (*clients, own)


async def check_storage(settings: Settings) -> list[Finding]:
    """Check the bucket, or the local disk where there is none."""
    if settings.storage.is_local:
        store = open_store(settings.storage)
        try:
            await store.check()
        finally:
            await store.close()
        directory = settings.storage.local_directory
        return [Finding("disk", True, f"Files are kept in {directory}, and there is room.")]
    client = _bucket(settings)
    try:
        return await inspect_bucket(client, uploading_origins(settings))
    finally:
        client.transport.close()


def _bucket(settings: Settings) -> BucketClient:
    if settings.storage.is_local:
        raise SettingsError("GCS_BUCKET_NAME is not set, so there is no bucket to set up.")
    return open_bucket(settings.storage).client
