"""The lock files: names, versions and hashes, agreeing with each other and with the project."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
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


# Imports whatever is named, in an interpreter where the packages of development are not there.
IMPORT_WITHOUT = """
import importlib, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

absent = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Absent())
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


def modules_of_development_alone() -> set[str]:
    service = versions("service").keys()
    return {
        module
        for module, packages in packages_distributions().items()
        if not {package.lower().replace("_", "-") for package in packages} & service
        and module not in ("aibc", "pip", "setuptools")
    }


def test_the_service_needs_nothing_that_only_development_installs() -> None:
    """`make run` and the container install `service.lock` alone."""
    sources = (ROOT / "src").rglob("*.py")
    names = [".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in sources]
    modules = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    absent = modules_of_development_alone()
    assert {"pytest", "httpx"} <= absent
    done = subprocess.run(
        # What reads the platform's own credentials is imported when it is asked for.
        [
            sys.executable,
            "-c",
            IMPORT_WITHOUT,
            ",".join(absent),
            *modules,
            "google.auth.compute_engine",
        ],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
