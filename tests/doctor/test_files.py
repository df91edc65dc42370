"""Rows against the files on a real disk, both ways."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import google_crc32c
import pytest

from aibc.database.pool import Connection
from aibc.doctor.examination import Wishes
from aibc.doctor.scope import Scope
from aibc.storage.local import LocalStore
from doctor.conftest import Doctor, corrupt
from rollups.world import LEARNERS

BOB = LEARNERS[1]
FILES = Wishes(files=True)
DEEP = Wishes(files=True, deep=True)


def content_of(key: str) -> bytes:
    return key.encode() * 20_000


async def bytes_of(key: str) -> AsyncIterator[bytes]:
    yield content_of(key)


@pytest.fixture
async def filled(bootcamp: Connection, store: LocalStore) -> list[str]:
    """Every submission's file is in the store, and its row says what is in it. The keys."""
    keys: list[str] = [
        row["object_key"]
        for row in await bootcamp.fetch(
            "SELECT object_key FROM resource_submissions ORDER BY sequence"
        )
    ]
    for key in keys:
        stored = await store.put(
            key, bytes_of(key), content_type="image/png", content_disposition="attachment"
        )
        await corrupt(
            bootcamp,
            "UPDATE resource_submissions SET file_size_bytes = $2, crc32c = $3, sha256 = $4"
            " WHERE object_key = $1",
            key,
            stored.size,
            stored.crc32c,
            stored.sha256,
        )
    return keys


def path_of(tmp_path: Path, key: str) -> Path:
    return tmp_path / "storage" / key


async def codes(doctor: Doctor, wishes: Wishes, scope: Scope | None = None) -> list[str]:
    return [finding.code for finding in (await doctor(wishes, scope)).wrong.kept]


async def test_files_that_agree_are_no_news(filled: list[str], doctor: Doctor) -> None:
    for wishes in (FILES, DEEP):
        report = await doctor(wishes)
        assert report.healthy
        assert report.submissions == report.objects == len(filled)


async def test_a_missing_file_is_named_with_its_learner(
    filled: list[str], doctor: Doctor, tmp_path: Path
) -> None:
    path_of(tmp_path, filled[0]).unlink()
    report = await doctor(FILES)
    assert [finding.code for finding in report.wrong.kept] == ["object_missing"]
    sentence = report.wrong.kept[0].sentence
    assert sentence.startswith("learner1@example.org, resource a1-exercise, attempt 1: the file")
    assert sentence.endswith(f"local://{filled[0]} is not in the store.")


async def test_a_file_cut_short_is_named(filled: list[str], doctor: Doctor, tmp_path: Path) -> None:
    with path_of(tmp_path, filled[1]).open("r+b") as file:
        file.truncate(10)
    assert await codes(doctor, FILES) == ["object_size"]


async def test_a_flipped_byte_is_found_by_reading_alone(
    filled: list[str], doctor: Doctor, tmp_path: Path
) -> None:
    path = path_of(tmp_path, filled[2])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x40
    path.write_bytes(content)
    assert await codes(doctor, FILES) == []
    assert await codes(doctor, DEEP) == ["object_crc32c", "object_sha256"]
    assert path.read_bytes() == content


async def test_a_missing_fingerprint_is_filled_from_the_bytes_once(
    bootcamp: Connection, filled: list[str], doctor: Doctor
) -> None:
    await corrupt(
        bootcamp, "UPDATE resource_submissions SET sha256 = NULL WHERE object_key = $1", filled[0]
    )
    assert (await doctor(FILES)).fingerprints_filled == 0
    assert (await doctor(DEEP)).fingerprints_filled == 1
    assert (await doctor(DEEP)).fingerprints_filled == 0
    kept = await bootcamp.fetchval(
        "SELECT sha256 FROM resource_submissions WHERE object_key = $1", filled[0]
    )
    assert kept == hashlib.sha256(content_of(filled[0])).hexdigest()


async def test_no_fingerprint_is_filled_from_bytes_that_do_not_match_the_checksum(
    bootcamp: Connection, filled: list[str], doctor: Doctor
) -> None:
    wrong = base64.b64encode(google_crc32c.value(b"others").to_bytes(4, "big")).decode()
    await corrupt(
        bootcamp,
        "UPDATE resource_submissions SET sha256 = NULL, crc32c = $2 WHERE object_key = $1",
        filled[0],
        wrong,
    )
    report = await doctor(DEEP)
    assert [finding.code for finding in report.wrong.kept] == ["object_crc32c"]
    assert report.fingerprints_filled == 0


async def test_an_object_without_a_row_is_named_and_kept(
    filled: list[str], doctor: Doctor, store: LocalStore
) -> None:
    await store.put(
        "lost/and/found", bytes_of("x"), content_type="image/png", content_disposition="inline"
    )
    report = await doctor(FILES)
    assert [(one.code, one.subject) for one in report.wrong.kept] == [
        ("object_unnamed", "local://lost/and/found")
    ]
    assert await store.exists("lost/and/found")
    assert await codes(doctor, FILES, Scope(BOB)) == []


async def test_the_object_of_an_upload_under_way_or_given_up_is_no_difference(
    bootcamp: Connection, filled: list[str], doctor: Doctor, store: LocalStore
) -> None:
    upload = await bootcamp.fetchval(
        "SELECT upload_id FROM"
        " claim_upload($1, 'a1-project', 'multipart', 10, 1000, 1000000000, 1000, '1 hour')",
        BOB,
    )
    await bootcamp.execute(
        "SELECT claim_object_key($1, 'work.png', NULL, ARRAY['under/way.png'])", upload
    )
    await store.put(
        "under/way.png", bytes_of("x"), content_type="image/png", content_disposition="inline"
    )
    report = await doctor(FILES)
    assert report.healthy
    assert report.notices == ["Uploads under way, which is no difference: 1."]
    await bootcamp.execute("SELECT settle_upload($1, 'abandoned', NULL)", upload)
    report = await doctor(FILES)
    assert report.healthy
    assert report.notices == ["Objects of uploads that never became submissions, kept: 1."]


async def test_files_of_another_store_are_one_finding(
    bootcamp: Connection, filled: list[str], doctor: Doctor
) -> None:
    await corrupt(
        bootcamp,
        "UPDATE resource_submissions SET gcs_url = 'gs://old-bucket/' || object_key",
    )
    report = await doctor(FILES)
    assert [(one.code, one.subject) for one in report.wrong.kept] == [
        ("objects_elsewhere", "gs://old-bucket/")
    ]
    assert str(len(filled)) in report.wrong.kept[0].sentence


async def test_only_the_files_of_the_learner_asked_for_are_looked_at(
    filled: list[str], doctor: Doctor, tmp_path: Path
) -> None:
    path_of(tmp_path, filled[0]).unlink()
    report = await doctor(FILES, Scope(BOB))
    assert report.healthy
    assert report.submissions == 2
    assert await codes(doctor, FILES, Scope(None, "alpha")) == ["object_missing"]
    assert await codes(doctor, FILES, Scope(None, "beta")) == []
