"""Directories that are shipped with the code: migrations and the sample catalog."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_directory(name: str) -> Path:
    """The directory in a checkout's root, or where an installed package keeps it."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parents[1] / name
