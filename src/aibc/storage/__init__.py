"""Where the bytes of handed-in files live; others import `aibc.storage.store` and `open_store`."""

from __future__ import annotations

from aibc.settings import StorageSettings
from aibc.storage.local import LocalStore
from aibc.storage.store import ObjectStore

__all__ = ["open_store"]


def open_store(settings: StorageSettings) -> ObjectStore:
    """Open the store the settings name: a bucket, or without one the local disk."""
    if settings.is_local:
        return LocalStore(settings.local_directory)
    # Imported when asked for: Google's libraries take a second and 20 MiB.
    from aibc.storage.bucket import open_bucket

    return open_bucket(settings)
