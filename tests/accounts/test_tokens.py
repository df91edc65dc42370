"""Tokens that were not made by us, not for this, or not for now."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from aibc.accounts import tokens as tokens_module
from aibc.accounts.tokens import Tokens
from aibc.http.errors import InvalidToken, SignInRequired
from aibc.settings import Settings, TokenSettings
from fixtures.people import log_out, read_me, refresh, sign_up, tokens_of
from fixtures.problems import assert_problem

SETTINGS = TokenSettings(access_secret="ab" * 40, refresh_secret="cd" * 40)


def encoded(part: Any) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": "aibc",
        "aud": "aibc-access",
        "typ": "access",
        "sub": str(uuid4()),
        "sid": str(uuid4()),
        "jti": str(uuid4()),
        "iat": now,
        "exp": now + 600,
    } | changes


def signed(secret: str, algorithm: str = "HS256", headers: Any = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), secret, algorithm=algorithm, headers=headers)


def signed_without(name: str) -> str:
    left = {claim: value for claim, value in claims().items() if claim != name}
    return jwt.encode(left, ACCESS, algorithm="HS256")


def unsigned(algorithm: str) -> str:
    return f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{encoded(claims())}."


ACCESS = SETTINGS.access_secret
FOREIGN = "ef" * 40
RANDOM_KEY = {"kty": "oct", "k": encoded(FOREIGN.encode())}

FORGED: dict[str, Callable[[], str]] = {
    "algorithm none": lambda: unsigned("none"),
    "algorithm None": lambda: unsigned("None"),
    "algorithm NONE with a signature": lambda: unsigned("NONE") + encoded(b"x" * 32),
    "another secret": lambda: signed(FOREIGN),
    "the refresh secret": lambda: signed(SETTINGS.refresh_secret),
    "an empty secret behind a kid": lambda: signed(FOREIGN, headers={"kid": "../../dev/null"}),
    "a key of its own": lambda: signed(FOREIGN, headers={"jwk": RANDOM_KEY}),
    "a key at an address": lambda: signed(FOREIGN, headers={"jku": "https://evil.test/keys"}),
    "a certificate at an address": lambda: signed(FOREIGN, headers={"x5u": "https://evil.test"}),
    "an unknown critical header": lambda: signed(ACCESS, headers={"crit": ["x"], "x": 1}),
    "a stronger algorithm": lambda: signed(ACCESS, algorithm="HS512"),
    "a changed payload": lambda: ".".join(
        [signed(ACCESS).split(".")[0], encoded(claims()), signed(ACCESS).split(".")[2]]
    ),
    "no signature": lambda: signed(ACCESS).rpartition(".")[0] + ".",
    "two parts": lambda: signed(ACCESS).rpartition(".")[0],
    "no token at all": lambda: "x",
    "text beyond ASCII": lambda: "é.é.é",
    "another issuer": lambda: signed(ACCESS, iss="other"),
    "another audience": lambda: signed(ACCESS, aud="aibc-refresh"),
    "several audiences": lambda: signed(ACCESS, aud=["aibc-access", "aibc-refresh"]),
    "another kind": lambda: signed(ACCESS, typ="refresh"),
    "expired": lambda: signed(ACCESS, exp=int(time.time()) - 61),
    "not begun": lambda: signed(ACCESS, nbf=int(time.time()) + 61),
    "from the future": lambda: signed(ACCESS, iat=int(time.time()) + 61),
    "a subject that is no id": lambda: signed(ACCESS, sub="admin"),
    "a session that is no id": lambda: signed(ACCESS, sid=7),
} | {
    f"without {name}": partial(signed_without, name)
    for name in ("iss", "aud", "typ", "sub", "sid", "jti", "iat", "exp")
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_token_is_refused(kind: str) -> None:
    with pytest.raises(InvalidToken):
        Tokens(SETTINGS).verify_access(FORGED[kind]())


def test_a_whole_token_passes_and_its_header_keys_are_ignored() -> None:
    tokens = Tokens(SETTINGS)
    user_id = uuid4()
    token = signed(
        ACCESS, sub=str(user_id), headers={"kid": "whatever", "jku": "https://evil.test"}
    )
    assert tokens.verify_access(token).user_id == user_id


@pytest.mark.parametrize("header", [None, "", "Basic dTpw", "Bearer", "Bearer "])
def test_without_a_bearer_token_nobody_is_there(header: str | None) -> None:
    with pytest.raises(SignInRequired):
        Tokens(SETTINGS).identify(header)


def test_a_remembered_token_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(SETTINGS)
    token = tokens.issue(uuid4(), uuid4()).access_token
    assert tokens.verify_access(token) is tokens.verify_access(token)
    real = time.time
    monkeypatch.setattr("aibc.accounts.tokens.time.time", lambda: real() + 3600 + 11)
    with pytest.raises(InvalidToken):
        tokens.verify_access(token)


def test_only_so_many_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "CACHED_TOKENS", 3)
    tokens = Tokens(SETTINGS)
    issued = [tokens.issue(uuid4(), uuid4()).access_token for _ in range(5)]
    first = tokens.verify_access(issued[0])
    for token in issued[1:]:
        tokens.verify_access(token)
    assert tokens.verify_access(issued[0]) == first
    assert tokens.verify_access(issued[0]) is not first


async def test_each_kind_of_token_opens_its_own_door_only(anonymous: httpx.AsyncClient) -> None:
    await sign_up(anonymous)
    pair = await tokens_of(anonymous)
    assert_problem(await read_me(anonymous, pair["refresh_token"]), 401, "invalid_token")
    assert_problem(await refresh(anonymous, pair["access_token"]), 401, "refresh_refused")
    assert_problem(await log_out(anonymous, pair["access_token"]), 401, "refresh_refused")
    assert (await read_me(anonymous, pair["access_token"])).status_code == 200


async def test_a_genuine_token_of_no_session_is_refused(
    anonymous: httpx.AsyncClient, settings: Settings
) -> None:
    stray = Tokens(settings.tokens).issue(uuid4(), uuid4())
    assert_problem(await read_me(anonymous, stray.access_token), 401, "session_ended")
    assert_problem(await refresh(anonymous, stray.refresh_token), 401, "refresh_refused")


async def test_a_session_of_somebody_else_is_no_session(
    anonymous: httpx.AsyncClient, settings: Settings
) -> None:
    victim = await sign_up(anonymous)
    await sign_up(anonymous, "eve@example.com")
    pair = await tokens_of(anonymous, "eve@example.com")
    tokens = Tokens(settings.tokens)
    session_id = tokens.verify_access(pair["access_token"]).session_id
    mixed = tokens.issue(victim["id"], session_id).access_token
    assert_problem(await read_me(anonymous, mixed), 401, "session_ended")
