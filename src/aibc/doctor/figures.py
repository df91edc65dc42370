"""Rolled-up figures against a recount from scratch, learner by learner, on a live database.

Learners are compared in batches, by one statement that locks nothing. Where it finds a
difference, the learner is looked at again while nobody else writes, and only what is seen then
is reported, or mended in the same transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg

from aibc.database.errors import CROSSED_STATES
from aibc.database.pool import MAX_TRIES, Connection, Database, Record
from aibc.database.queries import load_queries
from aibc.doctor.achievements import check_achievements
from aibc.doctor.findings import Finding, Report
from aibc.doctor.scope import Scope, Watcher

_QUERIES = load_queries(__package__, "figures.sql")
_MENDING_ROWS = [
    _QUERIES[name]
    for name in (
        "mend_completions",
        "return_completions",
        "mend_quiz_records",
        "return_quiz_completions",
        "mend_row_ids",
        "mend_modules",
    )
]
# Learners a statement; more make it slower, for the planner cannot know how many rows are coming.
BATCH = 25
SECONDS = 60
_BEFORE_ALL = UUID(int=0)

WORDS = {
    "completion_module": "the module it is filed under",
    "completion_pathway": "the pathway it is filed under",
    "submission_count": "number of files handed in",
    "completion": "the record of what was handed in",
    "quiz_record": "what its record says of the attempts",
    "quiz_completion": "the record of the attempts",
    "module_percentage": "percentage",
    "module_percentage_pathway": "the pathway its percentage is filed under",
    "module_approval": "approval",
    "module_history": "the last approval recorded",
    "module_first_approved": "the record of its first approval",
    "module_row_id": "id of its completion",
    "module_row_pathway": "the pathway its completion is filed under",
    "module_handed_in_at": "time of the hand-in",
    "module_minutes": "minutes at the hand-in",
    "module_by_hand": "whether a person decided",
    "module_reviewer": "who decided",
    "module_reviewed_at": "time of the decision",
    "module_comments": "comments of the decision",
    "pathway_percentage": "percentage",
    "pathway_modules": "number of approved modules",
    "pathway_minutes": "total minutes",
    "pathway_last_accessed_at": "time of the last access",
    "pathway_completed_at": "time of the first completion",
    "pathway_first_completed": "the record of its first completion",
    "pathway_row": "the row of its figures",
}


async def compare_figures(
    database: Database, scope: Scope, report: Report, watch: Watcher, *, repair: bool
) -> None:
    """Compare all learners of the scope; with `repair`, mend what differs."""
    total = 1 if scope.user_id else await database.fetch_value(_QUERIES["count_learners"])
    async for learners in _batches(database, scope):
        rows = await _compare_unlocked(database, learners, scope)
        different = set()
        for user_id in dict.fromkeys(row["user_id"] for row in rows):
            if not await _settle(database, user_id, scope, report, repair=repair):
                different.add(user_id)
        if scope.pathway_id is None:
            right = [user_id for user_id in learners if user_id not in different]
            await check_achievements(database, right, report, repair=repair)
        report.learners += len(learners)
        watch("Figures", report.learners, total)


async def _batches(database: Database, scope: Scope) -> AsyncIterator[list[UUID]]:
    if scope.user_id:
        yield [scope.user_id]
        return
    last = _BEFORE_ALL
    while rows := await database.fetch(_QUERIES["next_learners"], last, BATCH):
        last = rows[-1]["id"]
        yield [row["id"] for row in rows]


async def _compare_unlocked(database: Database, learners: list[UUID], scope: Scope) -> list[Record]:
    async with database.transaction() as connection:
        await _allow_time(connection)
        return await _compare(connection, learners, scope)


async def _settle(
    database: Database, user_id: UUID, scope: Scope, report: Report, *, repair: bool
) -> bool:
    """Look again while nobody else writes; report or mend what is still there.

    Returns whether the learner's figures are right in the end.
    """
    try:
        before, after = await _examine_patiently(database, user_id, scope, repair=repair)
    except asyncpg.PostgresError as error:
        if not repair:
            raise
        # One learner whom the database's own rules keep from being mended must not stop the rest.
        report.notices.append(f"The figures of {user_id} could not be mended: {error}.")
        before, after = await _examine_patiently(database, user_id, scope, repair=False)
    left = {finding.key for finding in after}
    report.wrong.add(after)
    report.mended.add(finding for finding in before if finding.key not in left)
    return not after


async def _examine_patiently(
    database: Database, user_id: UUID, scope: Scope, *, repair: bool
) -> tuple[list[Finding], list[Finding]]:
    """Examine in a transaction of its own; a deadlock is tried again."""
    for attempt in range(1, MAX_TRIES + 1):
        try:
            async with database.transaction() as connection:
                await _allow_time(connection)
                return await _examine(connection, user_id, scope, repair=repair)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in CROSSED_STATES or attempt == MAX_TRIES:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _examine(
    connection: Connection, user_id: UUID, scope: Scope, *, repair: bool
) -> tuple[list[Finding], list[Finding]]:
    """What is wrong under the learner's lock, and what is still wrong at the end."""
    await connection.execute(_QUERIES["hold_learner"], user_id)
    before = await _findings(connection, user_id, scope)
    if not before or not repair:
        return before, before
    await connection.execute(_QUERIES["make_and_hold_rows"], user_id)
    for statement in _MENDING_ROWS:
        await connection.execute(statement, user_id, scope.pathway_id)
    # A record that was filed under a wrong module has left a figure there, perhaps on a pathway
    # that the learner has no row of.
    await connection.execute(_QUERIES["make_and_hold_rows"], user_id)
    await connection.execute(_QUERIES["mend_pathways"], user_id, scope.pathway_id)
    return before, await _findings(connection, user_id, scope)


async def _findings(connection: Connection, user_id: UUID, scope: Scope) -> list[Finding]:
    return [_finding(row) for row in await _compare(connection, [user_id], scope)]


async def _compare(connection: Connection, learners: list[UUID], scope: Scope) -> list[Record]:
    return await connection.fetch(
        _QUERIES["compare"], learners, scope.pathway_id, timeout=SECONDS + 5
    )


async def _allow_time(connection: Connection) -> None:
    await connection.execute(_QUERIES["allow_time"], f"{SECONDS}s")


def _finding(row: Record) -> Finding:
    who = row["email"] or str(row["user_id"])
    return Finding(
        code=row["name"],
        sentence=f"{who}, {_place(row)}: {_contrast(row)}.",
        user_id=row["user_id"],
        user_email=row["email"],
        pathway_id=row["pathway_id"],
        module_id=row["module_id"],
        resource_id=row["resource_id"],
        stored=row["stored"],
        truth=row["truth"],
    )


def _place(row: Record) -> str:
    for kind in ("resource", "module"):
        if row[f"{kind}_id"]:
            return f"{kind} {row[f'{kind}_id']} of {row['pathway_id']}"
    return f"pathway {row['pathway_id']}"


def _contrast(row: Record) -> str:
    words, stored, truth = WORDS[row["name"]], row["stored"], row["truth"]
    if truth in ("present", "recorded"):
        return f"{words} is missing"
    if stored is None:
        return f"{words} is missing, {truth} is true"
    return f"{words} is {stored} stored, {'nothing' if truth is None else truth} is true"
