"""All checks in order: what the later ones rely on comes first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aibc.database.pool import Database
from aibc.doctor.figures import compare_figures
from aibc.doctor.files import FileCheck, find_unnamed_objects
from aibc.doctor.findings import Report
from aibc.doctor.rules import check_migrations, check_rules
from aibc.doctor.scope import Scope, Watcher
from aibc.storage.store import ObjectStore


@dataclass(frozen=True)
class Wishes:
    """What to do beyond comparing figures and rules."""

    repair: bool = False
    files: bool = True
    deep: bool = False


async def examine(
    database: Database,
    store: ObjectStore,
    find_scope: Callable[[], Awaitable[Scope]],
    wishes: Wishes,
    watch: Watcher,
) -> Report:
    """Run the checks. `find_scope` is asked once the tables it looks into are known to exist."""
    report = Report()
    if not await check_migrations(database, report):
        return report
    scope = await find_scope()
    await compare_figures(database, scope, report, watch, repair=wishes.repair)
    await check_rules(database, scope, report, watch)
    if wishes.files:
        await FileCheck(database, store, report, deep=wishes.deep).run(scope, watch)
        if scope.is_everything:
            await find_unnamed_objects(database, store, report, watch)
    return report
