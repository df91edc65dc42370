"""Settings: defaults for one machine, refusals for real use."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aibc.settings import SettingsError, load_settings

REAL = {
    "DATABASE_URL": "postgresql://aibc@database/aibc_db",
    "JWT_SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "JWT_REFRESH_SECRET_KEY": "fedcba9876543210fedcba9876543210",
    "LINK_SECRET_KEY": "02468ace13579bdf02468ace13579bdf",
}


@pytest.fixture
def directory(tmp_path: Path) -> dict[str, str]:
    return {"AIBC_DATA_DIR": str(tmp_path / "data")}


def test_without_a_database_the_secrets_are_made_once_and_kept(directory: dict[str, str]) -> None:
    first, second = load_settings(directory), load_settings(directory)
    assert first.tokens == second.tokens
    secrets = {
        first.tokens.access_secret,
        first.tokens.refresh_secret,
        first.storage.link_secret,
    }
    assert len(secrets) == 3
    assert min(map(len, secrets)) == 64


def test_starting_together_all_read_the_same_secrets(directory: dict[str, str]) -> None:
    with ThreadPoolExecutor(16) as pool:
        loaded = list(pool.map(lambda _: load_settings(directory).tokens, range(64)))
    assert len({(tokens.access_secret, tokens.refresh_secret) for tokens in loaded}) == 1
    kept = sorted(path.name for path in Path(directory["AIBC_DATA_DIR"], "secrets").iterdir())
    assert kept == ["jwt_refresh_secret_key", "jwt_secret_key", "link_secret_key"]


def test_secrets_are_not_shown(directory: dict[str, str]) -> None:
    settings = load_settings(directory | {"METRICS_TOKEN": "a-token-for-metrics"})
    shown = repr(settings)
    assert settings.tokens.access_secret not in shown
    assert settings.storage.link_secret not in shown
    assert "a-token-for-metrics" not in shown


@pytest.mark.parametrize("name", ["JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY", "LINK_SECRET_KEY"])
@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "is not set"),
        ("short", "is too short or too well known"),
        ("change-me-change-me-change-me-change-me", "is too short or too well known"),
        ("x" * 64, "is too short or too well known"),
    ],
)
def test_with_a_database_weak_secrets_stop_the_start(
    directory: dict[str, str], name: str, value: str, sentence: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} {sentence}"):
        load_settings(REAL | directory | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "80000"),
        ("PORT", "http"),
        ("HOST", "example.com"),
        ("HOST", "127.0.0.1:80"),
        ("WORKERS", "many"),
        ("QUIZ_GRADING", "teacher"),
        ("MIGRATE_ON_START", "maybe"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "-1"),
        ("PUBLIC_URL", "learn.example"),
        ("FRONTEND_URL", "ftp://learn.example"),
        ("CORS_ORIGINS", "https://learn.example/app"),
    ],
)
def test_an_unusable_value_names_its_setting(
    directory: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} must be .+{value}"):
        load_settings(directory | {name: value})


def test_one_secret_for_two_purposes_stops_the_start(directory: dict[str, str]) -> None:
    same = {"LINK_SECRET_KEY": REAL["JWT_SECRET_KEY"]}
    with pytest.raises(SettingsError, match=r"^LINK_SECRET_KEY is the same as JWT_SECRET_KEY"):
        load_settings(REAL | directory | same)


def test_another_kind_of_database_is_refused_without_repeating_its_password(
    directory: dict[str, str],
) -> None:
    url = {"DATABASE_URL": "mysql://aibc:mellon@database/aibc_db"}
    with pytest.raises(SettingsError, match=r"^DATABASE_URL must begin with postgres") as refused:
        load_settings(REAL | directory | url)
    assert "mellon" not in str(refused.value)


def test_a_data_directory_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.touch()
    with pytest.raises(SettingsError, match=r"^AIBC_DATA_DIR must be a directory .+\.$"):
        load_settings({"AIBC_DATA_DIR": str(taken / "data")})


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("localhost", True), ("127.0.0.2", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_a_loopback_address_is_known(directory: dict[str, str], host: str, is_local: bool) -> None:
    assert load_settings(directory | {"HOST": host}).server.is_local is is_local


def test_the_embedded_servers_address_reaches_the_workers(directory: dict[str, str]) -> None:
    url = "postgresql://aibc@/aibc?host=%2Fsocket"
    settings = load_settings(directory | {"AIBC_EMBEDDED_URL": url})
    assert settings.database.embedded
    assert settings.database.url == url


def test_urls_of_other_drivers_are_understood(directory: dict[str, str]) -> None:
    url = "postgresql+asyncpg://aibc@database/aibc_db"
    assert (
        load_settings(REAL | directory | {"DATABASE_URL": url}).database.url == REAL["DATABASE_URL"]
    )


@pytest.mark.parametrize(
    ("cores", "workers", "size"), [(1, 1, 10), (2, 1, 10), (2, 2, 5), (8, 2, 20), (64, 1, 40)]
)
def test_workers_share_the_connections(
    monkeypatch: pytest.MonkeyPatch,
    directory: dict[str, str],
    cores: int,
    workers: int,
    size: int,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert load_settings(directory | {"WORKERS": str(workers)}).database.pool_size == size


def test_a_pool_size_that_is_set_stands(directory: dict[str, str]) -> None:
    assert load_settings(directory | {"DATABASE_POOL_SIZE": "3"}).database.pool_size == 3
