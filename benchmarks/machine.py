"""Where and of what a result was measured: enough to compare, nothing that names the machine."""

from __future__ import annotations

import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
PACKAGES = ("granian", "fastapi", "starlette", "asyncpg", "sqlalchemy", "pydantic", "uvloop")


def machine() -> dict[str, Any]:
    return {
        "cpu": _cpu_model(),
        "cores": psutil.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 1024**3),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def packages() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}


def commit() -> str:
    """The commit that was measured, with a `+` where files differ from it."""
    found = _git("rev-parse", "--short=10", "HEAD")
    return found + (
        "+" if found and _git("status", "--porcelain", "--", "src", "migrations") else ""
    )


def _git(*arguments: str) -> str:
    result = subprocess.run(
        ["git", *arguments],
        capture_output=True,
        check=False,
        cwd=ROOT,
        encoding="utf-8",
    )
    return result.stdout.strip()


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"model name\s*: (.+)", text)
    return found[1].strip() if found else platform.machine()
