"""Random histories over several connections leave exactly the figures of a recount."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from fixtures.database import fresh_name, in_database, run_statement
from rollups.histories import Act, acts
from rollups.recount import differences
from rollups.world import build_world

CONNECTIONS = 3
ENDINGS = st.sampled_from(["commit", "commit", "commit", "rollback", "kill"])
STEPS_PER_HISTORY = 25


class Histories(RuleBasedStateMachine):
    """Each step lets one or more people act at the same moment, each in a transaction."""

    server_url = ""
    template = ""

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
        self.people = [await asyncpg.connect(self.url) for _ in range(CONNECTIONS)]

    @rule(act=acts, ending=ENDINGS)
    def one_acts(self, act: Act, ending: str) -> None:
        self.runner.run(self._step([(act, ending)]))

    @rule(acting=st.lists(st.tuples(acts, ENDINGS), min_size=2, max_size=CONNECTIONS))
    def several_act_at_once(self, acting: list[tuple[Act, str]]) -> None:
        self.runner.run(self._step(acting))

    async def _step(self, acting: list[tuple[Act, str]]) -> None:
        await asyncio.gather(
            *(self._act(place, act, ending) for place, (act, ending) in enumerate(acting))
        )
        found = await differences(self.observer)
        assert found == []

    async def _act(self, place: int, act: Act, ending: str) -> None:
        person = self.people[place]
        transaction = person.transaction()
        await transaction.start()
        try:
            await act.run(person)
        except asyncpg.PostgresError as error:
            await transaction.rollback()
            if _is_refusal(error):
                return
            raise
        if ending == "commit":
            await transaction.commit()
        elif ending == "rollback":
            await transaction.rollback()
        else:
            await self._kill(person)
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await person.close(timeout=1)
            self.people[place] = await asyncpg.connect(self.url)

    async def _kill(self, person: asyncpg.Connection[asyncpg.Record]) -> None:
        executioner = await asyncpg.connect(self.url)
        await executioner.fetchval("SELECT pg_terminate_backend($1, 2000)", person.get_server_pid())
        await executioner.close()

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
        await connection.close()

    asyncio.run(build())
    attributes: dict[str, Any] = {"server_url": postgres_server, "template": name}
    yield type("HistoriesHere", (Histories,), attributes)
    asyncio.run(run_statement(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)'))


def _run(machine: type[Histories], steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(steps // STEPS_PER_HISTORY, 1),
            stateful_step_count=STEPS_PER_HISTORY,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # The same history on another run meets other interleavings, so shrinking would mislead.
            phases=[Phase.generate],
        ),
    )


def test_every_figure_equals_a_recount_after_every_step_of_random_histories(
    histories_template: type[Histories],
) -> None:
    _run(histories_template, steps=int(os.environ.get("AIBC_HISTORY_STEPS", "500")))


@pytest.mark.soak
def test_every_figure_equals_a_recount_after_ten_thousand_steps(
    histories_template: type[Histories], soak_result: Callable[[str, str], None]
) -> None:
    _run(histories_template, steps=10_000)
    soak_result("Random histories against a recount", "10,000 steps, 0 differences")
