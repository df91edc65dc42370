"""Fixtures live in tests/fixtures; this file only makes them known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_FIXTURES = Path(__file__).parent / "fixtures"

pytest.register_assert_rewrite("fixtures")  # before one of them imports another
pytest_plugins = [f"fixtures.{file.stem}" for file in sorted(_FIXTURES.glob("[!_]*.py"))]

# What another user of the machine may do can only be tried by who can become another user.
collect_ignore = [] if os.geteuid() == 0 else ["database/test_embedded_as_root.py"]

# A machine that is busy with something else must not fail a test.
settings.register_profile("aibc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aibc")
