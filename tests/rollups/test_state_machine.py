"""Random histories over several connections leave exactly the figures of a recount."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import ClassVar

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from fixtures.database import fresh_name, in_database, run_statement
from rollups.histories import Act, acts
from rollups.recount import differences
from rollups.recount_of_quizzes import load_quizzes
from rollups.world import add_quizzes, build_world

CONNECTIONS = 3
STEPS_PER_HISTORY = 25
# `kill` ends the session before its commit, `kill at work` while a statement of it runs or waits.
ENDINGS = st.sampled_from(
    ["commit", "commit", "commit", "commit", "rollback", "kill", "kill at work"]
)
WORK = st.lists(acts, min_size=1, max_size=3)


class Histories(RuleBasedStateMachine):
    """Each step lets one or more people act at the same moment, each in a transaction."""

    server_url = ""
    template = ""
    steps: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.name = fresh_name()
        self.url = in_database(self.server_url, self.name)
        self.runner.run(self._open())

    async def _open(self) -> None:
        await run_statement(
            self.server_url, f'CREATE DATABASE "{self.name}" TEMPLATE "{self.template}"'
        )
        self.observer = await asyncpg.connect(self.url)
        self.people = [await self._arrive() for _ in range(CONNECTIONS)]

    async def _arrive(self) -> asyncpg.Connection[asyncpg.Record]:
        # Who does several things in one transaction may cross others; that is noticed soon.
        return await asyncpg.connect(self.url, server_settings={"deadlock_timeout": "20ms"})

    @rule(work=WORK, ending=ENDINGS)
    def one_acts(self, work: list[Act], ending: str) -> None:
        self.runner.run(self._step([(work, ending)]))

    @rule(acting=st.lists(st.tuples(WORK, ENDINGS), min_size=2, max_size=CONNECTIONS))
    def several_act_at_once(self, acting: list[tuple[list[Act], str]]) -> None:
        self.runner.run(self._step(acting))

    async def _step(self, acting: list[tuple[list[Act], str]]) -> None:
        # Figures are exact at every moment that others can see, not just when all is quiet.
        people = (self._act(place, work, ending) for place, (work, ending) in enumerate(acting))
        meanwhile, *_ = await asyncio.gather(differences(self.observer), *people)
        assert meanwhile == []
        assert await differences(self.observer) == []
        assert (await load_quizzes(self.observer)).wrongly_graded == []
        self.steps["steps"] += 1
        self.steps["people at once"] += len(acting) > 1
        self.steps.update(ending for _, ending in acting)

    async def _act(self, place: int, work: list[Act], ending: str) -> None:
        person = self.people[place]
        await person.execute("BEGIN")
        if ending == "kill at work":
            done = asyncio.create_task(self._do(person, work))
            await asyncio.sleep(0.001 * len(work))
            await self._kill(place)
            await asyncio.gather(done, return_exceptions=True)
        elif not await self._do(person, work):
            await person.execute("ROLLBACK")
        elif ending == "kill":
            await self._kill(place)
        else:
            await person.execute(ending)

    async def _do(self, person: asyncpg.Connection[asyncpg.Record], work: list[Act]) -> bool:
        """Whether everything was done; what is refused takes back what went before it."""
        try:
            for act in work:
                await act.run(person)
        except asyncpg.PostgresError as error:
            if _is_refusal(error):
                return False
            raise
        return True

    async def _kill(self, place: int) -> None:
        """End the session in the server, as a crash or an operator would, and open another."""
        person = self.people[place]
        executioner = await asyncpg.connect(self.url)
        await executioner.fetchval("SELECT pg_terminate_backend($1, 2000)", person.get_server_pid())
        await executioner.close()
        person.terminate()
        self.people[place] = await self._arrive()

    def teardown(self) -> None:
        self.runner.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        for connection in (*self.people, self.observer):
            await connection.close()
        await run_statement(self.server_url, f'DROP DATABASE "{self.name}" WITH (FORCE)')


def _is_refusal(error: asyncpg.PostgresError) -> bool:
    """A rule said no, a constraint said no, or two crossed and one has to try again."""
    state = error.sqlstate or ""
    return state.startswith(("ZB", "23")) or state == "40P01"


@pytest.fixture
def histories_template(postgres_server: str, template_database: str) -> Iterator[type[Histories]]:
    name = fresh_name()
    url = in_database(postgres_server, name)

    async def build() -> None:
        await run_statement(
            postgres_server, f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"'
        )
        connection = await asyncpg.connect(url)
        await build_world(connection)
        await add_quizzes(connection, required=True)
        await connection.close()

    asyncio.run(build())
    attributes = {"server_url": postgres_server, "template": name, "steps": Counter()}
    yield type("HistoriesHere", (Histories,), attributes)
    asyncio.run(run_statement(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)'))


def _run(machine: type[Histories], steps: int) -> None:
    """Histories until so many steps were really taken."""
    while machine.steps["steps"] < steps:
        missing = steps - machine.steps["steps"]
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=-(-missing // STEPS_PER_HISTORY),
                stateful_step_count=STEPS_PER_HISTORY,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                # The same history meets other interleavings on another run, so shrinking would
                # mislead.
                phases=[Phase.generate],
            ),
        )


def test_every_figure_equals_a_recount_after_every_step_of_random_histories(
    histories_template: type[Histories],
) -> None:
    _run(histories_template, steps=int(os.environ.get("AIBC_HISTORY_STEPS", "500")))
    assert {"people at once", "commit", "rollback", "kill", "kill at work"} <= set(
        histories_template.steps
    )


@pytest.mark.soak
def test_every_figure_equals_a_recount_after_ten_thousand_steps(
    histories_template: type[Histories], soak_result: Callable[[str, str], None]
) -> None:
    _run(histories_template, steps=10_000)
    told = histories_template.steps
    soak_result(
        "Random histories against a recount",
        f"{told['steps']:,} steps, 0 differences; {told['people at once']:,} by several people at"
        f" once, {told['rollback']:,} transactions rolled back,"
        f" {told['kill'] + told['kill at work']:,} sessions killed",
    )
