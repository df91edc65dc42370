"""Achievements against the figures they are awarded for; nothing earned is ever taken back.

Asked only of learners whose figures are right: a wrong figure would deserve what nobody earned.
"""

from __future__ import annotations

from uuid import UUID

from aibc.database.pool import Connection, Database, Record
from aibc.database.queries import load_queries
from aibc.doctor.findings import Finding, Report

_QUERIES = load_queries(__package__, "figures.sql")


async def check_achievements(
    database: Database, learners: list[UUID], report: Report, *, repair: bool
) -> None:
    """Find what was deserved and not awarded; with `repair`, award it."""
    rows = await database.fetch(_QUERIES["missing_achievements"], learners)
    for user_id in dict.fromkeys(row["user_id"] for row in rows):
        async with database.transaction() as connection:
            await connection.execute(_QUERIES["hold_learner"], user_id)
            missing = await _missing(connection, user_id)
            if repair and missing:
                await connection.execute(_QUERIES["award_achievements"], user_id)
        (report.mended if repair else report.wrong).add(missing)


async def _missing(connection: Connection, user_id: UUID) -> list[Finding]:
    rows = await connection.fetch(_QUERIES["missing_achievements"], [user_id])
    return [_finding(row) for row in rows]


def _finding(row: Record) -> Finding:
    return Finding(
        code="achievement",
        sentence=f"{row['email']}: the achievement “{row['name']}” was earned and not awarded.",
        user_id=row["user_id"],
        user_email=row["email"],
        subject=row["id"],
    )
