"""The small bootcamp of `world.py` in a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from aibc.database.pool import Connection
from rollups.recount import differences
from rollups.world import build_world


@pytest.fixture
async def bootcamp(database_url: str) -> AsyncIterator[Connection]:
    """A connection to the small bootcamp. At the end every figure must equal a recount."""
    connection = await asyncpg.connect(database_url)
    await build_world(connection)
    yield connection
    found = await differences(connection)
    await connection.close()
    assert found == []
