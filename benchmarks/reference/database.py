"""The session of a request."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from functools import cache
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

# The reference counts in Python, as backends of its kind do, so the product's triggers stay out.
_WITHOUT_TRIGGERS = {"session_replication_role": "replica"}


@cache
def engine() -> AsyncEngine:
    """Ten connections a worker, as the product has."""
    url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1)
    return create_async_engine(
        url,
        pool_size=10,
        max_overflow=0,
        connect_args={"server_settings": _WITHOUT_TRIGGERS},
    )


async def get_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine(), expire_on_commit=False) as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
