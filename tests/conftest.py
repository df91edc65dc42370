"""Fixtures live in tests/fixtures; this file only makes them known."""

from __future__ import annotations

pytest_plugins = ["fixtures.database", "fixtures.catalog"]
