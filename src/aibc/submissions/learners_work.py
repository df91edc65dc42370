"""The files of learners, as staff look at them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries

_QUERIES = load_queries(__package__, "learners_work.sql")
_OF_LEARNER = _QUERIES["submissions_of_learner"]
_OF_LEARNERS = _QUERIES["work_of_learners"]


async def submissions_of(
    database: Database,
    user_id: UUID,
    *,
    before: int | None = None,
    limit: int = 50,
    module_id: str | None = None,
) -> list[Record]:
    """What a learner handed in, the newest first, from behind the sequence `before`."""
    return await database.fetch(_OF_LEARNER, user_id, before, limit, module_id)


async def work_of(database: Database, user_ids: Sequence[UUID]) -> dict[UUID, Record]:
    """How much each of them handed in and how much of it waits; none who handed in nothing."""
    return {row["user_id"]: row for row in await database.fetch(_OF_LEARNERS, user_ids)}
