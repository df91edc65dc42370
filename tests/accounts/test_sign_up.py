"""Making an account."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import httpx
import pytest

from aibc.app import create_app
from aibc.settings import Settings
from fixtures.application import client_of
from fixtures.catalog import Connection
from fixtures.people import PASSWORD, log_in, sign_up
from fixtures.problems import assert_problem

USER_FIELDS = {
    "id",
    "email",
    "full_name",
    "email_verified",
    "created_at",
    "account_status",
    "onboarding_completed",
    "role",
}


def body(**changes: object) -> dict[str, object]:
    return {"email": "ada@example.com", "full_name": "Ada", "password": PASSWORD} | changes


async def test_a_new_account_is_a_learner_that_can_sign_in(anonymous: httpx.AsyncClient) -> None:
    user = await sign_up(anonymous)
    assert set(user) == USER_FIELDS
    assert user["role"] == "student"
    assert user["account_status"] == "active"
    assert user["email_verified"] is False
    assert user["onboarding_completed"] is False
    assert user["created_at"].endswith("Z")
    assert (await log_in(anonymous)).status_code == 200


@pytest.mark.parametrize(
    "field", ["role", "is_admin", "id", "account_status", "email_verified", "password_hash"]
)
async def test_a_sign_up_cannot_choose_what_it_is(
    anonymous: httpx.AsyncClient, connection: Connection, field: str
) -> None:
    response = await anonymous.post("/api/v1/auth/signup", json=body(**{field: "admin"}))
    problem = assert_problem(response, 422, "validation_error")
    assert problem["errors"][0]["field"] == field
    assert await connection.fetchval("SELECT count(*) FROM users") == 0


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Short-1", "at least 8 characters"),
        ("bootcamp-2026!", "an upper-case letter"),
        ("BOOTCAMP-2026!", "a lower-case letter"),
        ("Bootcamp-year!", "a digit"),
        ("Bootcamp2026", "a special character"),
        ("Bootcamp 2026", "a special character"),
        ("", "at least 8 characters, an upper-case letter"),
        ("Aa1!" * 33, "at most 128 characters"),
    ],
)
async def test_a_weak_password_is_told_what_is_missing(
    anonymous: httpx.AsyncClient, password: str, missing: str
) -> None:
    response = await anonymous.post("/api/v1/auth/signup", json=body(password=password))
    problem = assert_problem(response, 422, "validation_error")
    assert missing in problem["detail"]


@pytest.mark.parametrize("length", [8, 128])
async def test_the_shortest_and_the_longest_password_work(
    anonymous: httpx.AsyncClient, length: int
) -> None:
    password = ("Aa1!" * 32)[:length]
    await sign_up(anonymous, password=password)
    assert (await log_in(anonymous, password=password)).status_code == 200
    assert (await log_in(anonymous, password=password[:-1])).status_code == 401


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@localhost",
        "a b@example.com",
        "a@b@example.com",
        "ada@example.com\nBcc: x@example.com",
        "x" * 65 + "@example.com",
        "a@" + "x" * 260 + ".com",
    ],
)
async def test_what_is_no_email_is_refused(anonymous: httpx.AsyncClient, email: str) -> None:
    response = await anonymous.post("/api/v1/auth/signup", json=body(email=email))
    problem = assert_problem(response, 422, "validation_error")
    assert problem["errors"][0]["field"] == "email"


@pytest.mark.parametrize("name", ["", "   ", "Ada\x1b[2J", "x" * 201, "\u200b", "\u200d \u202e"])
async def test_what_is_no_name_is_refused(anonymous: httpx.AsyncClient, name: str) -> None:
    response = await anonymous.post("/api/v1/auth/signup", json=body(full_name=name))
    problem = assert_problem(response, 422, "validation_error")
    assert problem["errors"][0]["field"] == "full_name"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("\u202eecalevoL adA", "ecalevoL adA"),
        ("Ada\u200b \ufeffLovelace", "Ada Lovelace"),
        ("\u0645\u06cc\u200c\u0631", "\u0645\u06cc\u200c\u0631"),
    ],
)
async def test_a_name_cannot_turn_or_hide_what_stands_beside_it(
    anonymous: httpx.AsyncClient, name: str, kept: str
) -> None:
    response = await anonymous.post("/api/v1/auth/signup", json=body(full_name=name))
    assert response.json()["full_name"] == kept


@pytest.mark.parametrize(
    "spelling", ["ADA@EXAMPLE.COM", " ada@example.com ", "ａｄａ@example.com", "Ada@Example.Com"]
)
async def test_two_spellings_of_one_email_are_one_account(
    anonymous: httpx.AsyncClient, spelling: str
) -> None:
    await sign_up(anonymous)
    response = await anonymous.post("/api/v1/auth/signup", json=body(email=spelling))
    assert_problem(response, 409, "email_taken")
    assert (await log_in(anonymous, spelling)).status_code == 200


async def test_a_look_alike_email_is_another_account(anonymous: httpx.AsyncClient) -> None:
    first = await sign_up(anonymous, "mike@example.com")
    second = await sign_up(anonymous, "mıke@example.com")
    assert first["id"] != second["id"]


async def test_parallel_sign_ups_with_one_email_make_one_account(
    anonymous: httpx.AsyncClient,
) -> None:
    posts = [anonymous.post("/api/v1/auth/signup", json=body()) for _ in range(8)]
    statuses = Counter(response.status_code for response in await asyncio.gather(*posts))
    assert statuses == {201: 1, 409: 7}


async def test_sign_ups_from_one_address_are_limited_exactly(
    settings: Settings, connection: Connection
) -> None:
    limited = replace(settings, sign_in=replace(settings.sign_in, signups_per_hour=5))
    app = create_app(limited)
    async with app.router.lifespan_context(app), client_of(app) as client:
        posts = [
            client.post("/api/v1/auth/signup", json=body(email=f"p{number}@example.com"))
            for number in range(12)
        ]
        responses = await asyncio.gather(*posts)
        assert Counter(r.status_code for r in responses) == {201: 5, 429: 7}
        refused = next(r for r in responses if r.status_code == 429)
        assert_problem(refused, 429, "too_many_signups")
        assert 3500 < int(refused.headers["retry-after"]) <= 3600

        await connection.execute(
            "UPDATE signup_attempts SET created_at = created_at - interval '1 hour'"
        )
        assert (await sign_up(client, "later@example.com"))["role"] == "student"


async def test_each_address_has_its_own_limit(settings: Settings) -> None:
    server = replace(settings.server, trusted_proxy_hops=1)
    sign_in = replace(settings.sign_in, signups_per_hour=1)
    app = create_app(replace(settings, server=server, sign_in=sign_in))
    async with app.router.lifespan_context(app), client_of(app) as client:
        for number, (address, status) in enumerate(
            [("198.51.100.1", 201), ("198.51.100.2", 201), ("198.51.100.1", 429)]
        ):
            response = await client.post(
                "/api/v1/auth/signup",
                json=body(email=f"p{number}@example.com"),
                headers={"X-Forwarded-For": f"203.0.113.{number}, {address}"},
            )
            assert response.status_code == status
