"""Headers on every answer: CORS, security, caching, the request's id."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from aibc.app import create_app
from aibc.settings import Settings
from fixtures.application import SignIn, client_of
from fixtures.catalog import MakeUser

OURS = "http://localhost:3001"
FOREIGN = "https://evil.test"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_preflight_from_the_front_end_allows_every_method_and_header(
    anonymous: httpx.AsyncClient, method: str
) -> None:
    headers = {
        "Origin": OURS,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    response = await anonymous.options("/api/v1/users/me", headers=headers)
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == OURS
    assert method in response.headers["access-control-allow-methods"]
    allowed = response.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "if-none-match"} <= set(allowed)
    assert int(response.headers["access-control-max-age"]) >= 600


async def test_a_preflight_from_a_foreign_site_allows_nothing(anonymous: httpx.AsyncClient) -> None:
    headers = {"Origin": FOREIGN, "Access-Control-Request-Method": "GET"}
    response = await anonymous.options("/api/v1/users/me", headers=headers)
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert response.headers["vary"] == "Origin"


async def test_a_foreign_site_may_not_read_an_answer(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/health", headers={"Origin": FOREIGN})
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


async def test_cookies_are_never_allowed_across_origins(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/health", headers={"Origin": OURS})
    assert response.headers["access-control-allow-origin"] == OURS
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/problems/invalid_host"])
async def test_pages_run_no_inline_script_and_cannot_be_framed(
    anonymous: httpx.AsyncClient, path: str
) -> None:
    response = await anonymous.get(path)
    policy = response.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    script = policy.partition("script-src ")[2].partition(";")[0]
    assert script in ("", "'self'")
    assert "<script>" not in response.text
    assert "style=" not in response.text


async def test_private_answers_are_never_kept(sign_in: SignIn, make_user: MakeUser) -> None:
    response = await (await sign_in(await make_user())).get("/api/v1/users/me")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_shared_files_may_be_kept_for_a_while(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/static/site.css")
    assert response.headers["cache-control"].startswith("public")
    etag = {"If-None-Match": response.headers["etag"]}
    assert (await anonymous.get("/static/site.css", headers=etag)).status_code == 304


async def test_a_harmless_request_id_is_kept_and_a_harmful_one_replaced(
    anonymous: httpx.AsyncClient,
) -> None:
    kept = await anonymous.get("/health", headers={"X-Request-ID": "trace-0123456789"})
    assert kept.headers["x-request-id"] == "trace-0123456789"
    replaced = await anonymous.get("/health", headers={"X-Request-ID": "a b\x1b[2J"})
    assert replaced.headers["x-request-id"].isalnum()


async def test_https_is_demanded_where_the_service_has_it(settings: Settings) -> None:
    server = replace(settings.server, public_url="https://learn.example.org")
    async with client_of(create_app(replace(settings, server=server))) as client:
        response = await client.get("/health", headers={"Host": "learn.example.org"})
    assert response.status_code == 200
    assert response.headers["strict-transport-security"].startswith("max-age=")
