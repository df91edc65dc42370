"""Health, readiness and figures."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import httpx
import pytest

from aibc import __version__
from aibc.app import Application, create_app
from aibc.settings import Settings
from fixtures.application import client_of
from fixtures.outage import Gate
from fixtures.problems import assert_problem


async def test_health_tells_name_and_version(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/health")
    assert response.json() == {"status": "healthy", "service": "aibc", "version": __version__}


async def test_ready_when_database_and_storage_answer(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/health/ready")
    assert response.json() == {"status": "ready", "database": "up", "storage": "up"}


async def test_without_a_database_the_service_is_healthy_but_not_ready(
    settings: Settings, gate: Gate
) -> None:
    await gate.close()
    app = create_app(replace(settings, database=replace(settings.database, url=gate.url)))
    async with app.router.lifespan_context(app), client_of(app) as client:
        assert (await client.get("/health")).status_code == 200
        started = perf_counter()
        problem = assert_problem(await client.get("/health/ready"), 503, "not_ready")
        assert perf_counter() - started < 3
        assert problem["detail"] == "The database is not answering at the moment."
        await gate.open()
        assert (await client.get("/health/ready")).status_code == 200


async def test_without_storage_the_service_is_not_ready(
    settings: Settings, anonymous: httpx.AsyncClient
) -> None:
    directory = settings.storage.local_directory
    moved = directory.with_name("elsewhere")
    directory.rename(moved)
    directory.write_text("a file where the directory should be")
    problem = assert_problem(await anonymous.get("/health/ready"), 503, "not_ready")
    assert problem["detail"] == "The object storage is not answering at the moment."
    directory.unlink()
    moved.rename(directory)
    assert (await anonymous.get("/health/ready")).status_code == 200


def from_address(app: Application, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(address, 40_000))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def test_figures_are_for_this_machine(application: Application) -> None:
    async with from_address(application, "127.0.0.1") as here:
        await here.get("/health")
        response = await here.get("/metrics")
        assert response.status_code == 200
        assert (
            'aibc_http_requests_total{method="GET",route="/health",status="200"}' in response.text
        )
        forwarded = await here.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
        assert_problem(forwarded, 403, "metrics_refused")
    async with from_address(application, "192.0.2.1") as away:
        assert_problem(await away.get("/metrics"), 403, "metrics_refused")


@pytest.mark.parametrize(
    ("given", "status"), [("Bearer figures-please", 200), ("Bearer wrong", 403), ("Bearer ", 403)]
)
async def test_figures_are_for_who_knows_the_token(
    settings: Settings, given: str, status: int
) -> None:
    server = replace(settings.server, metrics_token="figures-please")
    app = create_app(replace(settings, server=server))
    async with app.router.lifespan_context(app), from_address(app, "192.0.2.1") as away:
        response = await away.get("/metrics", headers={"Authorization": given})
    assert response.status_code == status


async def test_paths_nobody_made_do_not_become_figures(application: Application) -> None:
    async with from_address(application, "127.0.0.1") as here:
        await here.request("MADEUP", "/made-up-by-a-scanner")
        figures = (await here.get("/metrics")).text
        assert "made-up-by-a-scanner" not in figures
        assert "MADEUP" not in figures
