"""How far learners are, as staff look at it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries

_QUERIES = load_queries(__package__, "learners_progress.sql")
_OF_LEARNERS = _QUERIES["progress_of_learners"]
_MODULES = _QUERIES["modules_of_learner"]
_QUIZZES = _QUERIES["quizzes_of_learner"]


async def progress_of(database: Database, user_ids: Sequence[UUID]) -> dict[UUID, Record]:
    """The totals of each of them; none who has not begun."""
    return {row["user_id"]: row for row in await database.fetch(_OF_LEARNERS, user_ids)}


async def pathways_of(database: Database, user_id: UUID) -> list[tuple[Record, list[Record]]]:
    """Each pathway a learner has touched with its live modules, the one touched last first."""
    rows = await database.fetch(_MODULES, user_id)
    groups = (list(own) for _, own in groupby(rows, key=lambda row: row["pathway_id"]))
    return [(own[0], [row for row in own if row["module_id"]]) for own in groups]


async def quizzes_of(database: Database, user_id: UUID) -> list[Record]:
    """Every quiz a learner has attempted, with the attempts."""
    return await database.fetch(_QUIZZES, user_id)
