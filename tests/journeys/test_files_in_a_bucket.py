"""A service of two workers whose files go to a bucket, signed in as the platform's account."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
from PIL import Image

from fixtures.server import LiveServer, real_settings
from storage.fake_gcs.client import BUCKET, CREATOR, EMAIL, VIEWER, FakeGoogle

API = "/api/v1"
RESOURCES = f"{API}/resources/users/me/resources"
EXERCISE = "foundations-image-gen-r3"
MEBIBYTE = 1024 * 1024


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def service(
    make_server: Callable[..., LiveServer],
    database_url: str,
    google: FakeGoogle,
    tmp_path: Path,
) -> LiveServer:
    google.control("platform", email=EMAIL)
    google.grant(*CREATOR, *VIEWER)
    server = make_server(
        **real_settings(database_url),
        GCS_BUCKET_NAME=BUCKET,
        GCS_ENDPOINT=google.url,
        GCS_SIGNING_ENDPOINT=google.url,
        GCE_METADATA_HOST=google.host,
        GCE_METADATA_IP=google.host,
        CLOUDSDK_CONFIG=str(tmp_path),
        WORKERS="2",
    )
    imported = server.run("catalog", "import", str(Path(__file__).parents[2] / "catalog"))
    assert imported.returncode == 0, imported.stderr
    return server.start()


@pytest.fixture
async def learner(service: LiveServer) -> dict[str, str]:
    """The header of a learner who has signed up and in."""
    person = {"email": "ada@school.example", "full_name": "Ada", "password": "Str0ng!Passw0rd"}
    async with httpx.AsyncClient(base_url=service.url) as client:
        assert (await client.post(f"{API}/auth/signup", json=person)).status_code == 201
        form = {"username": person["email"], "password": person["password"]}
        answer = await client.post(f"{API}/auth/login", data=form)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def upload(client: httpx.AsyncClient, content: bytes) -> httpx.Response:
    file = {"file": ("a.png", content, "image/png")}
    return await client.post(f"{RESOURCES}/{EXERCISE}/upload", files=file)


async def upload_directly(client: httpx.AsyncClient, content: bytes) -> httpx.Response:
    announced = {"file_name": "a.png", "file_size_bytes": len(content), "file_type": "image/png"}
    begun = await client.post(f"{RESOURCES}/{EXERCISE}/uploads", json=announced)
    if begun.status_code != 200:
        return begun
    told: dict[str, Any] = begun.json()
    async with httpx.AsyncClient() as browser:
        sent = await browser.put(told["url"], content=content, headers=told["headers"])
    assert sent.status_code == 200, sent.text
    return await client.post(f"{API}/resources/users/me/uploads/{told['upload_id']}/finalize")


async def test_fifty_mixed_uploads_at_once_over_two_workers_give_exactly_ten(
    service: LiveServer, learner: dict[str, str], google: FakeGoogle, database_url: str
) -> None:
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=0)
    async with httpx.AsyncClient(
        base_url=service.url, headers=learner, limits=limits, timeout=60
    ) as client:
        calls = [call(client, picture()) for _ in range(25) for call in (upload, upload_directly)]
        answers = await asyncio.gather(*calls)
    assert Counter(answer.status_code for answer in answers) == {200: 10, 429: 40}
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("SELECT object_key, crc32c FROM resource_submissions")
    await connection.close()
    objects = google.objects()
    assert len(rows) == 10
    assert all(objects[row["object_key"]]["crc32c"] == row["crc32c"] for row in rows)


@pytest.mark.soak
async def test_uploads_of_fifty_megabytes_hold_ten_mebibytes_each(
    service: LiveServer, learner: dict[str, str]
) -> None:
    content = picture() + bytes(24 * MEBIBYTE)
    async with httpx.AsyncClient(base_url=service.url, headers=learner, timeout=120) as client:
        assert (await upload(client, content)).status_code == 200
        assert service.process
        workers = psutil.Process(service.process.pid).children(recursive=True)
        before = sum(worker.memory_info().rss for worker in workers)
        peak = before

        async def watch() -> None:
            nonlocal peak
            while True:
                peak = max(peak, sum(worker.memory_info().rss for worker in workers))
                await asyncio.sleep(0.02)

        watching = asyncio.create_task(watch())
        answers = await asyncio.gather(*(upload(client, content) for _ in range(3)))
        watching.cancel()
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert (peak - before) / 3 < 10 * MEBIBYTE
