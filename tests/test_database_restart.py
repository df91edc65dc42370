"""The real service, at work while its database is restarted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from aibc.database.embedded import EmbeddedServer
from fixtures.server import LiveServer, real_settings

MakeServer = Callable[..., LiveServer]
CLIENTS = 6
EMAIL, PASSWORD = "ada@example.com", "Bootcamp-2026!"
OWN = "/api/v1/resources/users/me/resources"
RESOURCE = "foundations-image-gen-r1"


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server of this test alone, to be stopped and started."""
    with EmbeddedServer(tmp_path / "postgres", durable=False) as server:
        yield server


@pytest.fixture
async def service(postgres: EmbeddedServer, make_server: MakeServer) -> LiveServer:
    server = make_server(WORKERS="2", **real_settings(postgres.url)).start()
    imported = server.run("catalog", "import", str(Path(__file__).parents[1] / "catalog"))
    assert imported.returncode == 0, imported.stdout + imported.stderr
    return server


async def token_of_a_learner(service: LiveServer) -> str:
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
        body = {"email": EMAIL, "full_name": "Ada", "password": PASSWORD}
        assert (await client.post("/api/v1/auth/signup", json=body)).status_code == 201
        form = {"username": EMAIL, "password": PASSWORD}
        answer = await client.post("/api/v1/auth/login", data=form)
        token: str = answer.json()["access_token"]
        return token


async def work(service: LiveServer, token: str, seen: Counter[int], stop: asyncio.Event) -> None:
    """Reads and writes one after the other until told to stop."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=30) as client:
        while not stop.is_set():
            body = {"progress_percentage": 5}
            for answer in (
                await client.get("/api/v1/progress/user/dashboard"),
                await client.put(f"{OWN}/{RESOURCE}/progress", json=body),
                await client.get("/api/v1/progress/pathways/image-generation"),
            ):
                seen[answer.status_code] += 1
                assert answer.status_code != 503 or answer.headers["retry-after"]


async def test_a_restarted_database_costs_no_request_a_fault(
    service: LiveServer, postgres: EmbeddedServer
) -> None:
    token, seen, stop = await token_of_a_learner(service), Counter[int](), asyncio.Event()
    working = [asyncio.create_task(work(service, token, seen, stop)) for _ in range(CLIENTS)]
    for _ in range(2):
        await asyncio.sleep(0.5)
        await asyncio.to_thread(postgres.stop)
        await asyncio.to_thread(postgres.start)
    await asyncio.sleep(0.5)
    stop.set()
    await asyncio.gather(*working)
    assert seen.keys() <= {200, 503}, service.output
    assert seen[200] > 0

    after, stop = Counter[int](), asyncio.Event()
    asyncio.get_running_loop().call_later(0.3, stop.set)
    await work(service, token, after, stop)
    assert after.keys() == {200}
