"""Direct uploads while something is wrong with the link, the bucket or whoever signs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from aibc.settings import DatabaseSettings, Settings, StorageSettings, load_settings
from aibc.storage.google.credentials import Identity, NoSigner
from aibc.submissions.direct_links import UploadLinks
from fixtures.catalog import Connection
from fixtures.problems import assert_problem
from storage.fake_gcs.client import CREATOR, VIEWER, FakeGoogle
from submissions.calls import PNG, own_submissions, stored_files, upload_states
from submissions.conftest import Course
from submissions.direct_calls import begin, begun, finish, send


class TestInABucket:
    @pytest.fixture
    def settings(
        self, database_settings: DatabaseSettings, bucket_settings: StorageSettings, tmp_path: Path
    ) -> Settings:
        loaded = load_settings({"AIBC_DATA_DIR": str(tmp_path / "data"), "LOG_LEVEL": "error"})
        return replace(loaded, database=database_settings, storage=bucket_settings)

    async def test_the_rights_to_create_view_and_sign_are_enough(
        self,
        client: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        course: Course,
        google: FakeGoogle,
    ) -> None:
        google.grant(*CREATOR, *VIEWER)
        upload = await begun(client, course.exercise)
        assert (await send(anonymous, upload)).status_code == 200
        assert (await finish(client, upload["upload_id"])).status_code == 200

    async def test_a_bucket_that_is_away_at_the_end_loses_nothing(
        self,
        client: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        course: Course,
        connection: Connection,
        google: FakeGoogle,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        upload = await begun(client, course.exercise)
        await send(anonymous, upload)
        monkeypatch.setattr("aibc.storage.google.attempts.PATIENCE_SECONDS", 0.2)
        google.fault("status", "HEAD", times=1000)
        answer = await finish(client, upload["upload_id"])
        assert_problem(answer, 503, "storage_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert await upload_states(connection) == ["claimed"]
        google.control("calm")
        assert (await finish(client, upload["upload_id"])).status_code == 200

    async def test_without_the_right_to_read_the_answer_is_503_and_the_place_is_kept(
        self,
        client: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        course: Course,
        google: FakeGoogle,
    ) -> None:
        upload = await begun(client, course.exercise)
        await send(anonymous, upload)
        google.grant(*CREATOR)
        assert_problem(await finish(client, upload["upload_id"]), 503, "storage_refused")
        google.grant(*CREATOR, *VIEWER)
        assert (await finish(client, upload["upload_id"])).status_code == 200

    async def test_a_file_sent_compressed_is_refused(
        self,
        client: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        course: Course,
    ) -> None:
        upload = await begun(client, course.exercise)
        sent = await send(
            anonymous, upload, headers={**upload["headers"], "Content-Encoding": "gzip"}
        )
        assert sent.status_code == 200
        assert_problem(await finish(client, upload["upload_id"]), 415, "type_not_accepted")
        assert await own_submissions(client, course.exercise) == []

    async def test_a_large_file_is_judged_by_two_small_reads(
        self,
        client: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        course: Course,
        google: FakeGoogle,
    ) -> None:
        content = PNG + bytes(20 * 1024 * 1024)
        upload = await begun(client, course.exercise, len(content))
        await send(anonymous, upload, content)
        google.requests()
        answer = await finish(client, upload["upload_id"])
        assert answer.json()["file_size_bytes"] == len(content)
        assert len([line for line in google.requests() if line.startswith("GET")]) == 2

    async def test_who_cannot_sign_offers_no_upload_and_keeps_no_place(
        self,
        client: httpx.AsyncClient,
        course: Course,
        connection: Connection,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def refuse(identity: Identity, message: bytes) -> bytes:
            raise NoSigner

        monkeypatch.setattr(Identity, "sign", refuse)
        assert_problem(await begin(client, course.exercise), 503, "storage_cannot_sign")
        assert await upload_states(connection) == ["abandoned"]


class TestOnTheLocalDisk:
    async def test_no_part_of_a_link_can_be_altered(
        self,
        client: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        course: Course,
        storage: Path,
    ) -> None:
        upload, other = await begun(client, course.exercise), await begun(client, course.exercise)
        parts = urlsplit(upload["url"])
        path = f"{parts.path}?{parts.query}"
        seconds = re.search(r"expires=(\d+)", path)
        assert seconds
        for altered in (
            path.replace(upload["upload_id"], other["upload_id"]),
            path.replace(upload["upload_id"], str(uuid4())),
            path.replace(f"size={len(PNG)}", f"size={len(PNG) + 1}"),
            path.replace("image%2Fpng", "text%2Fhtml"),
            path.replace("image%2Fpng", "image/png"),
            path.replace(seconds[1], str(int(seconds[1]) + 1)),
            path[:-1] + ("0" if path[-1] != "0" else "1"),
            path + "&more=1",
            path.partition("&signature")[0],
            parts.path,
        ):
            answer = await anonymous.put(altered, content=PNG, headers=upload["headers"])
            assert_problem(answer, 403, "link_invalid")
        for method in ("GET", "POST", "DELETE"):
            answer = await anonymous.request(method, path)
            assert answer.status_code in (403, 404, 405), method
        assert stored_files(storage) == []

    async def test_a_link_ends_with_its_hour(
        self,
        client: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        course: Course,
        settings: Settings,
    ) -> None:
        upload = await begun(client, course.exercise)
        links = UploadLinks(settings.storage.link_secret)
        for age, status in ((timedelta(seconds=-1), 403), (timedelta(seconds=30), 200)):
            link = links.sign(
                UUID(upload["upload_id"]),
                size=len(PNG),
                media_type="image/png",
                expires_at=datetime.now(UTC) + age,
            )
            answer = await anonymous.put(link.path, content=PNG, headers=upload["headers"])
            assert answer.status_code == status

    async def test_a_place_that_is_over_takes_no_bytes(
        self,
        client: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        course: Course,
        connection: Connection,
        storage: Path,
    ) -> None:
        upload = await begun(client, course.exercise)
        await connection.execute(
            "UPDATE uploads SET state = 'abandoned', settled_at = clock_timestamp()"
        )
        assert_problem(await send(anonymous, upload), 409, "upload_over")
        assert stored_files(storage) == []

    async def test_a_stream_beyond_the_size_is_cut_off(
        self,
        client: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        course: Course,
        storage: Path,
    ) -> None:
        async def endless() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield PNG

        upload = await begun(client, course.exercise)
        parts = urlsplit(upload["url"])
        answer = await anonymous.put(
            f"{parts.path}?{parts.query}", content=endless(), headers=upload["headers"]
        )
        assert_problem(answer, 422, "size_mismatch")
        assert stored_files(storage) == []
        assert (await send(anonymous, upload)).status_code == 200

    async def test_a_download_link_is_no_upload_link(
        self, client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
    ) -> None:
        upload = await begun(client, course.exercise)
        signature = upload["url"].rpartition("=")[2]
        answer = await anonymous.get(
            f"/files/{upload['upload_id']}?user={uuid4()}&expires=9999999999&signature={signature}"
        )
        assert_problem(answer, 403, "link_invalid")
