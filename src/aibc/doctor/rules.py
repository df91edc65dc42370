"""The database itself: migrations applied, nothing switched off, and no row that breaks a rule."""

from __future__ import annotations

from aibc.database.migrate import migration_files
from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries
from aibc.doctor.findings import MOST_KEPT, Finding, Report
from aibc.doctor.scope import Scope, Watcher

_QUERIES = load_queries(__package__, "rules.sql")
_ALLOW_TIME = load_queries(__package__, "figures.sql")["allow_time"]
SECONDS = 600

SENTENCES = {
    "owner_missing": "rows of {subject} belong to nobody: there is no such account",
    "resource_missing": "a row of {subject} names resource {resource}, which does not exist",
    "two_waiting": "{subject} files wait for review for resource {resource} at once",
    "attempt_twice": "attempt {subject} for resource {resource} exists more than once",
    "own_work": "{subject} was decided by the learner whose work it is",
    "decision_incomplete": "{subject} for resource {resource} is decided in part only",
    "decision_unrecorded": "the decision on {subject} for resource {resource} is in no history",
    "superseded_by_nothing": "{subject} for resource {resource} is superseded and nothing follows",
    "completion_contradicts_itself": "the record on {resource} is {subject}, its figures are not",
    "completion_behind_file": "the record on {resource} did not follow its file: {subject}",
}


async def check_migrations(database: Database, report: Report) -> bool:
    """Compare applied migrations with those of this program; False: nothing else can be asked."""
    applied: set[str] = set()
    if await database.fetch_value(_QUERIES["has_migrations"]):
        rows = await database.fetch(_QUERIES["applied_migrations"])
        applied = {row["version"] for row in rows}
    shipped = {file.stem for file in migration_files()}
    report.wrong.add(
        Finding(
            "migration_pending",
            f"Migration {version} is not applied: run `aibc migrate`.",
            subject=version,
        )
        for version in sorted(shipped - applied)
    )
    report.wrong.add(
        Finding(
            "migration_unknown",
            f"Migration {version} comes from a newer version than this program: update it.",
            subject=version,
        )
        for version in sorted(applied - shipped)
    )
    return applied == shipped


async def check_rules(database: Database, scope: Scope, report: Report, watch: Watcher) -> None:
    """Find what is switched off and which rows break a rule."""
    rows = await database.fetch(_QUERIES["switched_off"])
    report.wrong.add(_switched_off(row) for row in rows)
    async with database.transaction() as connection:
        await connection.execute(_ALLOW_TIME, f"{SECONDS}s")
        broken = await connection.fetch(
            _QUERIES["broken_rules"],
            scope.user_id,
            scope.pathway_id,
            MOST_KEPT,
            timeout=SECONDS,
        )
    report.wrong.add(_broken(row) for row in broken)
    await _note_uploads(database, report)
    watch("Rules", 1, 1)


async def _note_uploads(database: Database, report: Report) -> None:
    row = await database.fetch_row(_QUERIES["uploads_under_way"])
    if row and row["under_way"]:
        report.notices.append(f"Uploads under way, which is no difference: {row['under_way']}.")
    if row and row["overdue"]:
        report.notices.append(
            f"Uploads that ended long ago and were not settled: {row['overdue']}. The running "
            "service does that once a minute; `aibc sweep` does it now."
        )


def _switched_off(row: Record) -> Finding:
    problem = {
        "trigger": "does not fire: switch it on with ALTER TABLE … ENABLE TRIGGER",
        "constraint": "was never checked: check it with ALTER TABLE … VALIDATE CONSTRAINT",
        "index": "is not usable: rebuild it with REINDEX INDEX",
    }[row["kind"]]
    return Finding(
        code=f"{row['kind']}_off",
        sentence=f"The {row['kind']} {row['name']} on {row['on_table']} {problem}.",
        subject=f"{row['on_table']}.{row['name']}",
    )


def _broken(row: Record) -> Finding:
    sentence = SENTENCES[row["rule"]].format(subject=row["subject"], resource=row["resource_id"])
    return Finding(
        code=row["rule"],
        sentence=f"{row['email'] or row['user_id']}: {sentence}.",
        user_id=row["user_id"],
        user_email=row["email"],
        pathway_id=row["pathway_id"],
        module_id=row["module_id"],
        resource_id=row["resource_id"],
        subject=row["subject"],
    )
