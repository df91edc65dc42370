"""HEAD is GET without the body, wherever GET is answered."""

from __future__ import annotations

import httpx
import pytest

from aibc.app import Application
from fixtures.application import SignIn
from fixtures.catalog import MakeUser
from fixtures.server import LiveServer


@pytest.mark.parametrize("path", ["/", "/health", "/health/ready", "/docs", "/openapi.json"])
async def test_a_monitor_may_ask_for_headers_alone(anonymous: httpx.AsyncClient, path: str) -> None:
    got, head = await anonymous.get(path), await anonymous.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "content-security-policy"):
        assert head.headers[name] == got.headers[name]


async def test_a_hot_read_answers_head_for_its_caller_alone(
    anonymous: httpx.AsyncClient, sign_in: SignIn, make_user: MakeUser
) -> None:
    client = await sign_in(await make_user())
    assert (await client.head("/api/v1/users/me")).status_code == 200
    refused = await anonymous.head("/api/v1/users/me")
    assert (refused.status_code, refused.content) == (401, b"")


async def test_head_of_an_address_that_only_takes_post_is_refused(
    anonymous: httpx.AsyncClient,
) -> None:
    refused = await anonymous.head("/api/v1/auth/logout")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def test_head_is_no_operation_of_its_own(application: Application) -> None:
    assert not [path for path, item in application.openapi()["paths"].items() if "head" in item]


async def test_the_server_sends_no_body_and_keeps_the_connection(
    live_server: LiveServer, api: httpx.AsyncClient
) -> None:
    assert live_server.port
    for _ in range(3):
        assert (await api.head("/health")).status_code == 200
        assert (await api.get("/health")).json()["status"] == "healthy"
