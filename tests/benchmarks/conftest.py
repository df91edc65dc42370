"""A database with a bootcamp as the benchmarks seed it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from benchmarks.scales import Scale
from benchmarks.seeding import fill
from fixtures.database import fresh_name, in_database, run_statement

SCALE = Scale("test", 40)


@pytest.fixture(scope="module")
def seeded_url(postgres_server: str) -> Iterator[str]:
    """Where a database with forty learners is; tests of one module share it."""
    name = fresh_name()
    asyncio.run(run_statement(postgres_server, f'CREATE DATABASE "{name}"'))
    url = in_database(postgres_server, name)
    asyncio.run(fill(url, SCALE, advance=lambda _: None))
    yield url
    asyncio.run(run_statement(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)'))
