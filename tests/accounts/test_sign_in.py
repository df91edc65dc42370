"""Signing in, and what happens to those who guess."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from pwdlib import PasswordHash

from aibc.app import Application, create_app
from aibc.settings import Settings
from fixtures.application import client_of
from fixtures.catalog import Connection
from fixtures.people import OTHER_PASSWORD, PASSWORD, log_in, read_me, sign_up, tokens_of
from fixtures.problems import assert_problem

LOCKED, WRONG = 423, 401


@pytest.fixture
async def behind_proxy(settings: Settings) -> AsyncIterator[Application]:
    """A service one trusted proxy away, so that tests can come from many addresses."""
    server = replace(settings.server, trusted_proxy_hops=1)
    app = create_app(replace(settings, server=server))
    async with app.router.lifespan_context(app):
        yield app


def coming_from(app: Application, number: int) -> httpx.AsyncClient:
    return client_of(app, {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250 + 1}"})


async def move_clock(connection: Connection, minutes: int) -> None:
    """As if the failures had happened earlier."""
    await connection.execute(
        """
        UPDATE sign_in_failures
        SET last_failed_at = last_failed_at - make_interval(mins => $1),
            locked_until = locked_until - make_interval(mins => $1)
        """,
        minutes,
    )


async def test_a_sign_in_answers_a_pair_of_tokens(anonymous: httpx.AsyncClient) -> None:
    user = await sign_up(anonymous)
    pair = await tokens_of(anonymous)
    assert pair["token_type"] == "bearer"
    assert pair["expires_in"] == 3600
    me = await read_me(anonymous, pair["access_token"])
    assert me.json() == user


async def test_no_secret_is_stored_as_it_is(
    anonymous: httpx.AsyncClient, connection: Connection
) -> None:
    await sign_up(anonymous)
    pair = await tokens_of(anonymous)
    dump = ""
    for table in ("users", "sessions", "refresh_tokens", "sign_in_failures", "audit_log"):
        dump += str(await connection.fetch(f"SELECT t::text FROM {table} t"))
    assert "argon2id" in dump
    for secret in (PASSWORD, pair["access_token"], pair["refresh_token"]):
        assert secret not in dump


async def test_known_and_unknown_emails_get_the_same_answer(anonymous: httpx.AsyncClient) -> None:
    await sign_up(anonymous)
    for attempt in range(7):
        known = await log_in(anonymous, "ada@example.com", OTHER_PASSWORD)
        unknown = await log_in(anonymous, "nobody@example.com", OTHER_PASSWORD)
        code = "wrong_sign_in" if attempt < 5 else "sign_in_locked"
        first = assert_problem(known, WRONG if attempt < 5 else LOCKED, code)
        second = assert_problem(unknown, first["status"], code)
        del first["request_id"], second["request_id"]
        assert first == second
        assert known.headers.keys() == unknown.headers.keys()


async def test_known_unknown_and_locked_emails_cost_one_comparison_of_the_same_kind(
    application: Application, anonymous: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison is nearly all of the time, so what takes it equally often takes as long."""
    await sign_up(anonymous, "known@example.com")
    for _ in range(5):
        await log_in(anonymous, "locked@example.com", OTHER_PASSWORD)
    compared: list[tuple[str, str]] = []
    hasher = PasswordHash.verify

    def counted(self: PasswordHash, password: str, stored: str) -> bool:
        compared.append((name, stored.rpartition("$")[0].rpartition("$")[0]))
        return hasher(self, password, stored)

    monkeypatch.setattr(PasswordHash, "verify", counted)
    for name in ("known", "unknown", "locked"):
        await log_in(anonymous, f"{name}@example.com", OTHER_PASSWORD)
    assert [name for name, _ in compared] == ["known", "unknown", "locked"]
    assert len({parameters for _, parameters in compared}) == 1


async def test_thirty_parallel_guesses_from_one_address_count_exactly(
    anonymous: httpx.AsyncClient, connection: Connection
) -> None:
    await sign_up(anonymous)
    guesses = [log_in(anonymous, password=f"Guess-{number}!") for number in range(30)]
    statuses = Counter(response.status_code for response in await asyncio.gather(*guesses))
    assert statuses == {WRONG: 5, LOCKED: 25}
    failures = await connection.fetchval("SELECT failures FROM sign_in_failures WHERE address = ''")
    assert failures == 5


async def test_the_right_password_among_thirty_guesses_wins_only_before_the_lock(
    anonymous: httpx.AsyncClient,
) -> None:
    await sign_up(anonymous)
    passwords = [f"Guess-{number}!" for number in range(29)] + [PASSWORD]
    guesses = [log_in(anonymous, password=password) for password in passwords]
    responses = await asyncio.gather(*guesses)
    assert responses[-1].status_code in (200, LOCKED)
    wrong = sum(response.status_code == WRONG for response in responses)
    # A right password starts the count anew once, so at most four guesses come before it.
    assert wrong == 5 if responses[-1].status_code == LOCKED else 5 <= wrong <= 9


async def test_sixty_parallel_guesses_from_many_addresses_lock_the_email_at_fifty(
    behind_proxy: Application,
) -> None:
    async with coming_from(behind_proxy, 0) as client:
        await sign_up(client)
    clients = [coming_from(behind_proxy, number) for number in range(1, 61)]
    guesses = [log_in(client, password="Guess-1!") for client in clients]
    statuses = Counter(response.status_code for response in await asyncio.gather(*guesses))
    assert statuses == {WRONG: 50, LOCKED: 10}
    async with coming_from(behind_proxy, 100) as client:
        assert_problem(await log_in(client), LOCKED, "sign_in_locked")


async def test_one_locked_address_locks_nobody_else_out(behind_proxy: Application) -> None:
    async with coming_from(behind_proxy, 1) as guesser, coming_from(behind_proxy, 2) as owner:
        await sign_up(owner)
        for _ in range(5):
            await log_in(guesser, password=OTHER_PASSWORD)
        assert_problem(await log_in(guesser), LOCKED, "sign_in_locked")
        assert (await log_in(owner)).status_code == 200
        assert_problem(await log_in(guesser), LOCKED, "sign_in_locked")


async def test_a_made_up_forwarded_address_does_not_evade_the_lock(
    anonymous: httpx.AsyncClient,
) -> None:
    await sign_up(anonymous)
    for number in range(5):
        anonymous.headers["X-Forwarded-For"] = f"198.51.100.{number}"
        assert (await log_in(anonymous, password=OTHER_PASSWORD)).status_code == WRONG
    anonymous.headers["X-Forwarded-For"] = "198.51.100.99"
    assert_problem(await log_in(anonymous), LOCKED, "sign_in_locked")


async def test_spellings_of_one_email_share_one_count(anonymous: httpx.AsyncClient) -> None:
    await sign_up(anonymous)
    for spelling in ("ada@example.com", "ADA@example.com", "ａda@example.com", " ada@example.com"):
        assert (await log_in(anonymous, spelling, OTHER_PASSWORD)).status_code == WRONG
    assert (await log_in(anonymous, "Ada@Example.com", OTHER_PASSWORD)).status_code == WRONG
    assert_problem(await log_in(anonymous), LOCKED, "sign_in_locked")


async def test_the_right_password_clears_the_count_of_its_address(
    anonymous: httpx.AsyncClient,
) -> None:
    await sign_up(anonymous)
    for _ in range(3):
        for _ in range(4):
            assert (await log_in(anonymous, password=OTHER_PASSWORD)).status_code == WRONG
        assert (await log_in(anonymous)).status_code == 200


async def test_a_lock_ends_after_half_an_hour_and_the_count_starts_anew(
    anonymous: httpx.AsyncClient, connection: Connection
) -> None:
    await sign_up(anonymous)
    for _ in range(5):
        await log_in(anonymous, password=OTHER_PASSWORD)
    await move_clock(connection, 29)
    locked = await log_in(anonymous)
    assert_problem(locked, LOCKED, "sign_in_locked")
    assert 0 < int(locked.headers["retry-after"]) <= 60
    await move_clock(connection, 1)
    for _ in range(4):
        assert (await log_in(anonymous, password=OTHER_PASSWORD)).status_code == WRONG
    assert (await log_in(anonymous)).status_code == 200


async def test_failures_of_long_ago_do_not_count(
    anonymous: httpx.AsyncClient, connection: Connection
) -> None:
    await sign_up(anonymous)
    for _ in range(4):
        await log_in(anonymous, password=OTHER_PASSWORD)
    await move_clock(connection, 31)
    assert (await log_in(anonymous, password=OTHER_PASSWORD)).status_code == WRONG
    assert (await log_in(anonymous)).status_code == 200


async def test_a_restart_forgets_no_lock(settings: Settings, anonymous: httpx.AsyncClient) -> None:
    await sign_up(anonymous)
    for _ in range(5):
        await log_in(anonymous, password=OTHER_PASSWORD)
    again = create_app(settings)
    async with again.router.lifespan_context(again), client_of(again) as client:
        assert_problem(await log_in(client), LOCKED, "sign_in_locked")


async def test_an_account_without_a_password_cannot_be_signed_in_to(
    anonymous: httpx.AsyncClient, connection: Connection
) -> None:
    await sign_up(anonymous)
    await connection.execute("UPDATE users SET password_hash = NULL")
    for password in (PASSWORD, "nobody knows this one"):
        assert_problem(await log_in(anonymous, password=password), WRONG, "wrong_sign_in")


async def test_an_endless_password_is_refused_before_it_is_hashed(
    anonymous: httpx.AsyncClient,
) -> None:
    response = await log_in(anonymous, password="x" * 1_000_000)
    assert_problem(response, 422, "validation_error")


async def test_passwords_that_differ_at_the_end_are_different(anonymous: httpx.AsyncClient) -> None:
    password = "Aa1!" * 20
    await sign_up(anonymous, password=password)
    assert (
        await log_in(anonymous, password=password[:74] + "x" + password[75:])
    ).status_code == 401
    assert (await log_in(anonymous, password=password)).status_code == 200


async def test_an_accented_password_may_be_typed_on_any_keyboard(
    anonymous: httpx.AsyncClient,
) -> None:
    await sign_up(anonymous, password="Caf\u00e9-2026!")
    assert (await log_in(anonymous, password="Cafe\u0301-2026!")).status_code == 200
