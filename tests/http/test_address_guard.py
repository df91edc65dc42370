"""Requests are taken under our own names only."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from aibc.app import create_app
from aibc.settings import Settings
from fixtures.application import client_of
from fixtures.problems import assert_problem


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
async def test_local_names_are_ours(anonymous: httpx.AsyncClient, host: str) -> None:
    assert (await anonymous.get("/health", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "attacker.test",
        "localhost.attacker.test",
        "localhost/admin?",
        "localhost:80:80",
        "localhost@attacker.test",
        "localhost, attacker.test",
        "",
    ],
)
async def test_other_names_are_refused(anonymous: httpx.AsyncClient, host: str) -> None:
    response = await anonymous.get("/health", headers={"Host": host})
    assert_problem(response, 400, "invalid_host")


async def test_two_host_headers_are_refused(anonymous: httpx.AsyncClient) -> None:
    headers = [("Host", "localhost"), ("Host", "localhost")]
    assert_problem(await anonymous.get("/health", headers=headers), 400, "invalid_host")


async def test_names_of_the_settings_are_ours(settings: Settings) -> None:
    server = replace(
        settings.server, public_url="https://learn.example.org", allowed_hosts=("10.0.0.7",)
    )
    async with client_of(create_app(replace(settings, server=server))) as client:
        for host in ("learn.example.org", "10.0.0.7:8000"):
            assert (await client.get("/health", headers={"Host": host})).status_code == 200
        foreign = await client.get("/health", headers={"Host": "example.org"})
    assert_problem(foreign, 400, "invalid_host")
