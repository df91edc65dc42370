"""After random histories the doctor agrees with the independent recount, broken or whole."""

from __future__ import annotations

import asyncio

import asyncpg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aibc.database.pool import Connection, Database
from aibc.doctor.figures import compare_figures
from aibc.doctor.findings import Report
from aibc.doctor.scope import Scope
from aibc.settings import DatabaseSettings
from doctor.test_figures import WRONG
from fixtures.database import fresh_name, in_database, run_statement
from rollups.histories import Act, acts
from rollups.recount import differences
from rollups.world import add_quizzes, build_world

# Foreign SQL may take records away whose files and attempts remain; a recount of figures cannot
# see that.
UNSEEN_BY_THE_RECOUNT = {"completion", "quiz_completion"}


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(
    history=st.lists(acts, min_size=15, max_size=40),
    wrong=st.lists(st.sampled_from(WRONG), min_size=1, max_size=3),
)
def test_doctor_and_recount_agree_after_any_history(
    postgres_server: str,
    template_database: str,
    history: list[Act],
    wrong: list[tuple[str, str]],
) -> None:
    asyncio.run(_live_through(postgres_server, template_database, history, wrong))


async def _live_through(
    server: str, template: str, history: list[Act], wrong: list[tuple[str, str]]
) -> None:
    name = fresh_name()
    await run_statement(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    url = in_database(server, name)
    connection = await asyncpg.connect(url)
    database = await Database.open(DatabaseSettings(url=url, embedded=False, pool_size=2))
    try:
        await build_world(connection)
        await add_quizzes(connection, required=True)
        for act in history:
            await _act(connection, act)
        assert await differences(connection) == []
        first = await _compared(database, repair=True)
        assert first.wrong.kept == []
        assert {one.code for one in first.mended.kept} <= UNSEEN_BY_THE_RECOUNT
        await _break(connection, [statement for _, statement in wrong])
        seen = await _compared(database, repair=False)
        if await differences(connection):
            assert not seen.healthy
        assert (await _compared(database, repair=True)).healthy
        assert (await _compared(database, repair=True)).mended.total == 0
        assert await differences(connection) == []
    finally:
        await database.close()
        await connection.close()
        await run_statement(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _act(connection: Connection, act: Act) -> None:
    """What a rule or a constraint refuses changes nothing."""
    try:
        async with connection.transaction():
            await act.run(connection)
    except asyncpg.PostgresError as error:
        if not (error.sqlstate or "").startswith(("ZB", "23")):
            raise


async def _break(connection: Connection, statements: list[str]) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)


async def _compared(database: Database, *, repair: bool) -> Report:
    report = Report()
    await compare_figures(database, Scope(), report, lambda *_: None, repair=repair)
    return report
