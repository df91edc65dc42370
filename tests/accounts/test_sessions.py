"""Refresh tokens, sign-out, and everything that ends a session."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from time import perf_counter

import httpx
import pytest

from aibc.app import create_app
from aibc.settings import Settings
from fixtures.application import client_of
from fixtures.catalog import Connection
from fixtures.outage import Gate
from fixtures.people import (
    OTHER_PASSWORD,
    PASSWORD,
    log_in,
    log_out,
    read_me,
    refresh,
    sign_up,
    tokens_of,
)
from fixtures.problems import assert_problem


@pytest.fixture
async def pair(anonymous: httpx.AsyncClient) -> dict[str, str]:
    """The tokens of a fresh sign-in."""
    await sign_up(anonymous)
    return await tokens_of(anonymous)


async def make_older(connection: Connection, seconds: int) -> None:
    """As if the tokens had first been used earlier."""
    await connection.execute(
        "UPDATE refresh_tokens SET first_used_at = first_used_at - make_interval(secs => $1)",
        seconds,
    )


async def change_password(
    client: httpx.AsyncClient, access_token: str, current: str, new: str = OTHER_PASSWORD
) -> httpx.Response:
    return await client.post(
        "/api/v1/auth/change-password",
        json={"current_password": current, "new_password": new},
        headers={"Authorization": f"Bearer {access_token}"},
    )


async def test_a_refresh_answers_a_new_pair_that_works(
    anonymous: httpx.AsyncClient, pair: dict[str, str]
) -> None:
    response = await refresh(anonymous, pair["refresh_token"])
    assert response.status_code == 200
    following = response.json()
    assert following["refresh_token"] != pair["refresh_token"]
    assert (await read_me(anonymous, following["access_token"])).status_code == 200
    assert (await refresh(anonymous, following["refresh_token"])).status_code == 200


async def test_five_tabs_may_refresh_with_one_token_the_sixth_ends_the_family(
    anonymous: httpx.AsyncClient, pair: dict[str, str]
) -> None:
    answers = [await refresh(anonymous, pair["refresh_token"]) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert (await read_me(anonymous, answers[0].json()["access_token"])).status_code == 200

    assert_problem(await refresh(anonymous, pair["refresh_token"]), 401, "refresh_refused")
    for answer in answers:
        assert_problem(
            await refresh(anonymous, answer.json()["refresh_token"]), 401, "refresh_refused"
        )
        me = await read_me(anonymous, answer.json()["access_token"])
        assert_problem(me, 401, "session_ended")


async def test_twenty_parallel_refreshes_answer_exactly_five(
    anonymous: httpx.AsyncClient, pair: dict[str, str]
) -> None:
    answers = await asyncio.gather(*(refresh(anonymous, pair["refresh_token"]) for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {200: 5, 401: 15}
    survivor = next(answer for answer in answers if answer.status_code == 200).json()
    assert (await read_me(anonymous, survivor["access_token"])).status_code == 401


async def test_a_second_use_after_thirty_seconds_ends_the_family(
    anonymous: httpx.AsyncClient, pair: dict[str, str], connection: Connection
) -> None:
    following = (await refresh(anonymous, pair["refresh_token"])).json()
    await make_older(connection, 29)
    assert (await refresh(anonymous, pair["refresh_token"])).status_code == 200
    await make_older(connection, 1)
    assert_problem(await refresh(anonymous, pair["refresh_token"]), 401, "refresh_refused")
    assert_problem(await refresh(anonymous, following["refresh_token"]), 401, "refresh_refused")


async def test_a_token_that_waited_long_for_its_first_use_works(
    anonymous: httpx.AsyncClient, pair: dict[str, str], connection: Connection
) -> None:
    await connection.execute("UPDATE refresh_tokens SET issued_at = issued_at - interval '6 days'")
    assert (await refresh(anonymous, pair["refresh_token"])).status_code == 200


async def test_a_session_lives_on_with_every_refresh_and_no_longer(
    anonymous: httpx.AsyncClient, pair: dict[str, str], connection: Connection
) -> None:
    await connection.execute(
        "UPDATE sessions SET expires_at = clock_timestamp() + interval '1 minute'"
    )
    following = (await refresh(anonymous, pair["refresh_token"])).json()
    days = await connection.fetchval("SELECT expires_at - clock_timestamp() FROM sessions")
    assert 6 <= days.days <= 7

    await connection.execute("UPDATE sessions SET expires_at = clock_timestamp()")
    assert_problem(await read_me(anonymous, following["access_token"]), 401, "session_ended")
    assert_problem(await refresh(anonymous, following["refresh_token"]), 401, "refresh_refused")


@pytest.fixture
async def behind_gate(settings: Settings, gate: Gate) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service whose database can be cut off."""
    app = create_app(replace(settings, database=replace(settings.database, url=gate.url)))
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client


async def test_a_refresh_waits_for_a_database_that_is_away_for_a_moment(
    behind_gate: httpx.AsyncClient, gate: Gate
) -> None:
    await sign_up(behind_gate)
    pair = await tokens_of(behind_gate)
    await gate.close()
    assert_problem(await log_in(behind_gate), 503, "database_unavailable")
    waiting = asyncio.create_task(refresh(behind_gate, pair["refresh_token"]))
    await asyncio.sleep(1)
    assert not waiting.done()
    await gate.open()
    assert (await waiting).status_code == 200


async def test_a_refresh_gives_up_after_five_seconds_without_spending_the_token(
    behind_gate: httpx.AsyncClient, gate: Gate
) -> None:
    await sign_up(behind_gate)
    pair = await tokens_of(behind_gate)
    await gate.close()
    started = perf_counter()
    answer = await refresh(behind_gate, pair["refresh_token"])
    assert_problem(answer, 503, "database_unavailable")
    assert answer.headers["retry-after"]
    assert 4.5 < perf_counter() - started < 6
    await gate.open()
    assert (await refresh(behind_gate, pair["refresh_token"])).status_code == 200


async def test_signing_out_ends_that_session_at_once_and_no_other(
    anonymous: httpx.AsyncClient, pair: dict[str, str]
) -> None:
    other = await tokens_of(anonymous)
    assert (await log_out(anonymous, pair["refresh_token"])).json()["message"]
    assert_problem(await read_me(anonymous, pair["access_token"]), 401, "session_ended")
    assert_problem(await refresh(anonymous, pair["refresh_token"]), 401, "refresh_refused")
    assert (await read_me(anonymous, other["access_token"])).status_code == 200
    assert (await log_out(anonymous, pair["refresh_token"])).status_code == 200


async def test_signing_out_with_a_used_token_ends_the_family_too(
    anonymous: httpx.AsyncClient, pair: dict[str, str]
) -> None:
    following = (await refresh(anonymous, pair["refresh_token"])).json()
    assert (await log_out(anonymous, pair["refresh_token"])).status_code == 200
    assert_problem(await read_me(anonymous, following["access_token"]), 401, "session_ended")


async def test_a_new_password_ends_every_session(
    anonymous: httpx.AsyncClient, pair: dict[str, str]
) -> None:
    other = await tokens_of(anonymous)
    response = await change_password(anonymous, pair["access_token"], PASSWORD)
    assert response.status_code == 200
    for tokens in (pair, other):
        assert_problem(await read_me(anonymous, tokens["access_token"]), 401, "session_ended")
        assert_problem(await refresh(anonymous, tokens["refresh_token"]), 401, "refresh_refused")
    assert_problem(await log_in(anonymous), 401, "wrong_sign_in")
    assert (await log_in(anonymous, password=OTHER_PASSWORD)).status_code == 200


async def test_a_wrong_current_password_changes_nothing_and_counts(
    anonymous: httpx.AsyncClient, pair: dict[str, str]
) -> None:
    for _ in range(5):
        response = await change_password(anonymous, pair["access_token"], OTHER_PASSWORD)
        assert_problem(response, 400, "wrong_password")
    response = await change_password(anonymous, pair["access_token"], PASSWORD)
    assert_problem(response, 423, "sign_in_locked")
    assert_problem(await log_in(anonymous), 423, "sign_in_locked")
    assert (await read_me(anonymous, pair["access_token"])).status_code == 200


async def test_a_weak_new_password_is_refused(
    anonymous: httpx.AsyncClient, pair: dict[str, str]
) -> None:
    response = await change_password(anonymous, pair["access_token"], PASSWORD, "weak")
    problem = assert_problem(response, 422, "validation_error")
    assert problem["errors"][0]["field"] == "new_password"


async def test_a_sign_in_during_a_change_of_password_leaves_no_session_of_the_old_one(
    anonymous: httpx.AsyncClient, pair: dict[str, str], connection: Connection
) -> None:
    changing = change_password(anonymous, pair["access_token"], PASSWORD)
    signing_in = [log_in(anonymous) for _ in range(6)]
    changed, *answers = await asyncio.gather(changing, *signing_in)
    assert changed.status_code == 200
    assert {answer.status_code for answer in answers} <= {200, 401}
    open_sessions = await connection.fetchval(
        "SELECT count(*) FROM sessions WHERE revoked_at IS NULL"
    )
    assert open_sessions == 0
