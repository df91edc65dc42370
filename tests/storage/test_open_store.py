from __future__ import annotations

from pathlib import Path

import pytest

from aibc.settings import SettingsError, StorageSettings
from aibc.storage import open_store
from aibc.storage.bucket import BucketStore
from aibc.storage.local import LocalStore


def settings(tmp_path: Path, bucket: str, credentials_file: str = "") -> StorageSettings:
    return StorageSettings(
        bucket=bucket,
        project="",
        credentials_file=credentials_file,
        local_directory=tmp_path / "deep" / "storage",
        link_secret="x" * 32,
    )


async def test_without_a_bucket_files_go_to_the_local_disk(tmp_path: Path) -> None:
    store = open_store(settings(tmp_path, bucket=""))
    assert isinstance(store, LocalStore)
    assert (tmp_path / "deep" / "storage").is_dir()
    await store.close()


async def test_with_a_bucket_files_go_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    store = open_store(settings(tmp_path, bucket="bootcamp"))
    assert isinstance(store, BucketStore)
    assert store.name_of("a/b") == "gs://bootcamp/a/b"
    assert not (tmp_path / "deep").exists()
    await store.close()


@pytest.mark.parametrize("content", [None, "", "{}", "no json"])
async def test_unreadable_credentials_stop_the_start_with_a_sentence(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "credentials.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        open_store(settings(tmp_path, "bootcamp", str(file)))
