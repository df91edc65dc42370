"""Logs are one JSON object a line, tell no secrets, and cannot be forged."""

from __future__ import annotations

import contextvars
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog

from aibc.app import create_app
from aibc.http import observation
from aibc.http.logging import configure_logging, log_under, to_line
from aibc.settings import Settings
from fixtures.application import client_of
from fixtures.people import OTHER_PASSWORD, PASSWORD, read_me, refresh, sign_up, tokens_of


@pytest.fixture(autouse=True)
def quiet_again() -> Iterator[None]:
    yield
    configure_logging("error")


async def lines_of(
    settings: Settings, capture: pytest.CaptureFixture[bytes], *paths: str
) -> list[dict[str, Any]]:
    """What is logged while an application answers the paths."""
    app = create_app(replace(settings, server=replace(settings.server, log_level="info")))
    async with app.router.lifespan_context(app), client_of(app) as client:
        for path in paths:
            await client.get(path)
    return [json.loads(line) for line in capture.readouterr().err.splitlines()]


async def test_a_request_is_one_line_with_its_route_and_without_its_query(
    settings: Settings, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (line,) = await lines_of(settings, capsysbinary, "/problems/some_code?token=private")
    assert line["event"] == "request"
    assert line["route"] == "/problems/{code}"
    assert line["status"] == 200
    assert line["ms"] > 0
    assert len(line["request_id"]) == 24
    assert "private" not in str(line)
    assert "some_code" not in str(line)


async def test_a_path_cannot_forge_a_line(
    settings: Settings, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    lines = await lines_of(settings, capsysbinary, "/%0a%7b%22event%22:%22forged%22%7d%1b[2J")
    assert [line["event"] for line in lines] == ["request"]


def test_what_ends_lines_or_steers_terminals_is_escaped() -> None:
    text = "a\nb\rc\x1b[2Jd\x7fe\x85f\u2028g\u202eh\x9bi é"
    line = to_line({"text": text})
    assert json.loads(line) == {"text": text}
    assert all(sign >= " " and sign not in "\x7f\x85\u2028\u202e\x9b" for sign in line.decode())
    assert "é" in line.decode()


def test_messages_of_libraries_take_the_same_shape(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    configure_logging("info")
    try:
        raise ValueError(PASSWORD)
    except ValueError:
        logging.getLogger("library").exception("it broke\nbadly")
    (line,) = capsysbinary.readouterr().err.splitlines()
    event = json.loads(line)
    assert event["event"] == "it broke\nbadly"
    assert event["logger"] == "library"
    assert event["fault"] == "builtins.ValueError"
    assert PASSWORD.encode() not in line


async def test_no_password_token_or_email_is_ever_logged(
    settings: Settings, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    app = create_app(replace(settings, server=replace(settings.server, log_level="debug")))
    async with app.router.lifespan_context(app), client_of(app) as client:
        user = await sign_up(client)
        pair = await tokens_of(client)
        await read_me(client, pair["access_token"])
        await read_me(client, pair["access_token"] + "x")
        following = (await refresh(client, pair["refresh_token"])).json()
        await client.post(
            "/api/v1/auth/change-password",
            json={"current_password": PASSWORD, "new_password": OTHER_PASSWORD},
            headers={"Authorization": f"Bearer {following['access_token']}"},
        )
    logged = capsysbinary.readouterr().err.decode()
    assert user["id"] in logged
    secrets = (PASSWORD, OTHER_PASSWORD, "ada@example.com", *pair.values(), *following.values())
    for secret in secrets:
        if isinstance(secret, str) and secret != "bearer":
            assert secret not in logged


async def test_successes_of_hot_reads_are_for_debugging_and_refusals_for_all(
    settings: Settings, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    app = create_app(replace(settings, server=replace(settings.server, log_level="info")))
    async with app.router.lifespan_context(app), client_of(app) as client:
        await sign_up(client)
        pair = await tokens_of(client)
        capsysbinary.readouterr()
        assert (await read_me(client, pair["access_token"])).status_code == 200
        assert capsysbinary.readouterr().err == b""
        assert (await read_me(client, "x")).status_code == 401
        assert json.loads(capsysbinary.readouterr().err)["status"] == 401


async def test_of_many_refusals_one_line_a_moment_tells_how_many_there_were(
    settings: Settings, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation, "REFUSALS_TOLD_SECONDS", 0.0)
    app = create_app(replace(settings, server=replace(settings.server, log_level="info")))
    async with app.router.lifespan_context(app), client_of(app) as client:
        await sign_up(client)
        token = (await tokens_of(client))["access_token"]
        await app.state.aibc.database.close()  # from here on everybody is refused
        capsysbinary.readouterr()
        assert (await read_me(client, token)).status_code == 503
        assert json.loads(capsysbinary.readouterr().err)["refused"] == 1
        monkeypatch.setattr(observation, "REFUSALS_TOLD_SECONDS", 3600.0)
        await read_me(client, token)
        capsysbinary.readouterr()
        await read_me(client, token)
        await read_me(client, token)
        assert capsysbinary.readouterr().err == b""


def test_an_event_carries_the_id_of_its_request(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    configure_logging("info")
    in_a_request = contextvars.copy_context()
    in_a_request.run(log_under, "abc")
    in_a_request.run(structlog.get_logger("test").info, "something")
    assert json.loads(capsysbinary.readouterr().err)["request_id"] == "abc"


async def test_the_anonymous_have_no_id(
    settings: Settings, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (line,) = await lines_of(settings, capsysbinary, "/health")
    assert line["user_id"] is None
