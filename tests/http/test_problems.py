"""Whatever is wrong with a request, the answer has one shape and says nothing about our inside."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from aibc.app import Application
from aibc.errors import AibcError
from fixtures.application import SignIn, client_of
from fixtures.catalog import MakeUser
from fixtures.faulty import SECRET, add_faulty_routes
from fixtures.problems import assert_problem

ORIGIN = {"Origin": "http://localhost:3000"}


@pytest.fixture
async def client(application: Application) -> AsyncIterator[httpx.AsyncClient]:
    add_faulty_routes(application)
    async with client_of(application, ORIGIN) as client:
        yield client


FAMILIES: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "unknown path": ("GET", "/nowhere", {}, 404, "not_found"),
    "unknown path under the API": ("GET", "/api/v1/nowhere", {}, 404, "not_found"),
    "unknown file": ("GET", "/static/nothing.css", {}, 404, "not_found"),
    "wrong method": ("DELETE", "/health", {}, 405, "method_not_allowed"),
    "foreign host": ("GET", "/health", {"headers": {"Host": "evil.test"}}, 400, "invalid_host"),
    "NUL in the path": ("GET", "/api/v1/users/a%00b", {}, 422, "invalid_text"),
    "NUL in the query": ("GET", "/health?a=%00", {}, 422, "invalid_text"),
    "no token": ("GET", "/api/v1/users/me", {}, 401, "sign_in_required"),
    "no token, write": (
        "PATCH",
        "/api/v1/users/00000000-0000-4000-8000-000000000000",
        {"json": {}},
        401,
        "sign_in_required",
    ),
    "forged token": (
        "GET",
        "/api/v1/users/me",
        {"headers": {"Authorization": "Bearer a.b.c"}},
        401,
        "invalid_token",
    ),
    "broken JSON": (
        "POST",
        "/api/v1/auth/signup",
        {"content": b'{"email":', "headers": {"Content-Type": "application/json"}},
        422,
        "malformed_body",
    ),
    "JSON that is not UTF-8": (
        "POST",
        "/api/v1/auth/signup",
        {"content": b'{"email":"\xff"}', "headers": {"Content-Type": "application/json"}},
        422,
        "malformed_body",
    ),
    "JSON nested without end": (
        "POST",
        "/api/v1/auth/signup",
        {"content": b"[" * 200_000, "headers": {"Content-Type": "application/json"}},
        422,
        "malformed_body",
    ),
    "JSON nested deeply": (
        "POST",
        "/api/v1/auth/signup",
        {
            "content": b"[" * 200 + b"]" * 200,
            "headers": {"Content-Type": "application/json"},
        },
        422,
        "validation_error",
    ),
    "no body": ("POST", "/api/v1/auth/refresh", {}, 422, "validation_error"),
    "JSON sent as text": (
        "POST",
        "/api/v1/auth/signup",
        {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
        415,
        "unsupported_media_type",
    ),
    "unknown field": (
        "POST",
        "/api/v1/auth/refresh",
        {"json": {"refresh_token": "x", "role": "admin"}},
        422,
        "validation_error",
    ),
    "too large": (
        "POST",
        "/api/v1/auth/signup",
        {"content": b"x" * 1_100_000},
        413,
        "body_too_large",
    ),
    "fault of ours": ("GET", "/faulty/raises", {}, 500, "internal_error"),
}


@pytest.mark.parametrize("family", FAMILIES)
async def test_every_family_of_errors_has_the_one_shape_and_cors(
    client: httpx.AsyncClient, family: str
) -> None:
    method, path, how, status, code = FAMILIES[family]
    response = await client.request(method, path, **how)
    problem = assert_problem(response, status, code)
    assert response.headers["access-control-allow-origin"] == ORIGIN["Origin"]
    assert "Retry-After" in response.headers["access-control-expose-headers"]
    assert "Origin" in response.headers["vary"]
    assert SECRET not in response.text
    assert "evil.test" not in response.text
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"
    if status == 405:
        assert response.headers["allow"] == "GET, HEAD"
    if status == 422 and code == "validation_error":
        assert problem["errors"]


async def test_a_wrong_method_is_told_every_one_that_the_address_takes(
    client: httpx.AsyncClient,
) -> None:
    mine = "/api/v1/resources/users/me/resources/r1"
    for path, methods in (
        (f"{mine}/progress", "GET, HEAD, PUT"),
        (f"{mine}/complete", "DELETE, POST"),
        (f"{mine}/quiz/attempts", "GET, HEAD, POST"),
    ):
        response = await client.patch(path)
        assert_problem(response, 405, "method_not_allowed")
        assert response.headers["allow"] == methods


async def test_a_wrong_field_is_named_and_the_detail_is_about_the_first(
    client: httpx.AsyncClient,
) -> None:
    body = {"email": "nobody", "full_name": "x" * 201, "password": "short"}
    problem = assert_problem(
        await client.post("/api/v1/auth/signup", json=body), 422, "validation_error"
    )
    assert [error["field"] for error in problem["errors"]] == ["email", "full_name", "password"]
    assert problem["detail"] == "Please give an e-mail address such as name@example.com."


@pytest.mark.parametrize("body", ["[]", "null", '"ada"', "5"])
async def test_a_body_that_is_no_object_is_told_so(client: httpx.AsyncClient, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/api/v1/auth/signup", content=body, headers=headers)
    problem = assert_problem(response, 422, "validation_error")
    assert problem["detail"] == "The body must be a JSON object."


async def test_what_was_sent_is_never_repeated_in_a_validation_error(
    client: httpx.AsyncClient,
) -> None:
    body = {"email": "nobody", "full_name": "Ada", "password": "s3cret-but-short-of-a-capital"}
    response = await client.post("/api/v1/auth/signup", json=body)
    assert response.status_code == 422
    assert body["password"] not in response.text


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/auth/signup", {"email": "*", "full_name": "Ada", "password": "Bootcamp-2026!"}),
        (
            "/api/v1/auth/signup",
            {"email": "a@b.org", "full_name": "*", "password": "Bootcamp-2026!"},
        ),
        (
            "/api/v1/auth/signup",
            {"email": "a@b.org", "full_name": "Ada", "password": "Boot-2026!*"},
        ),
        ("/api/v1/auth/refresh", {"refresh_token": "*"}),
        ("/api/v1/auth/logout", {"refresh_token": "*"}),
        ("/api/v1/auth/refresh", {"*": "x"}),
    ],
)
async def test_text_that_cannot_be_stored_is_refused_in_every_field(
    client: httpx.AsyncClient, path: str, body: dict[str, str], text: str
) -> None:
    sent = {key.replace("*", text): value.replace("*", text) for key, value in body.items()}
    headers = {"Content-Type": "application/json"}
    response = await client.post(path, content=json.dumps(sent), headers=headers)
    problem = assert_problem(response, 422, "validation_error")
    assert "cannot be stored" in problem["detail"]
    changed = [key for key in body if text in sent.get(key, "")]
    assert [error["field"] for error in problem["errors"]] == (changed or ["body"])


@pytest.mark.parametrize("field", ["username", "password"])
async def test_a_nul_in_the_sign_in_form_is_refused(client: httpx.AsyncClient, field: str) -> None:
    form = {"username": "a@b.org", "password": "x"} | {field: "a\x00b"}
    assert_problem(await client.post("/api/v1/auth/login", data=form), 422, "validation_error")


async def test_a_fault_is_logged_by_kind_and_place_with_the_request_id(
    client: httpx.AsyncClient, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    response = await client.get("/faulty/raises")
    logged = capsysbinary.readouterr().err
    assert response.headers["x-request-id"].encode() in logged
    assert b"builtins.RuntimeError" in logged
    assert SECRET.encode() not in logged


async def test_a_body_less_post_may_call_itself_json(sign_in: SignIn, make_user: MakeUser) -> None:
    client = await sign_in(await make_user())
    headers = {"Content-Type": "application/json"}
    response = await client.post("/api/v1/users/onboarding/complete", headers=headers)
    assert response.status_code == 200
    assert response.json()["onboarding_completed"] is True


async def test_a_trailing_slash_changes_nothing(sign_in: SignIn, make_user: MakeUser) -> None:
    client = await sign_in(await make_user())
    response = await client.get("/api/v1/users/me/")
    assert response.status_code == 200


def kinds_of(kind: type[AibcError]) -> Iterator[type[AibcError]]:
    """Every kind of error that derives from this one."""
    for derived in kind.__subclasses__():
        yield derived
        yield from kinds_of(derived)


def test_every_status_the_product_answers_has_a_title(application: Application) -> None:
    statuses = {kind.status for kind in kinds_of(AibcError) if "status" in vars(kind)}
    assert {401, 409, 412, 416, 422, 503} <= statuses
    for status in statuses:
        error = type("Refusal", (AibcError,), {"status": status})("A sentence.")
        answer = application.problems.response(error, {"type": "http", "path": "/", "headers": []})
        assert json.loads(bytes(answer.body))["title"] != "Error", status
