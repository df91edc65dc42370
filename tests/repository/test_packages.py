"""The lock files: names, versions and hashes, agreeing with each other and with the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("service", "development", "tools")
NAME = re.compile(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)


def text_of(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")


def versions(lock: str) -> dict[str, str]:
    return dict(NAME.findall(text_of(lock)))


def wanted(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[><=;~! ]", line, maxsplit=1)[0].lower() for line in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_registry_and_hashes_everything(lock: str) -> None:
    text = text_of(lock)
    assert "://" not in text
    entries = re.split(r"(?m)^(?=[a-z0-9-]+(?:\[|==))", text)[1:]
    assert len(entries) == len(versions(lock))
    assert all("--hash=sha256:" in entry for entry in entries)


def test_development_holds_the_service_as_it_is() -> None:
    assert versions("service").items() <= versions("development").items()


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert wanted(project["project"]["dependencies"]) <= versions("service").keys()
    assert wanted(project["dependency-groups"]["dev"]) <= versions("development").keys()
