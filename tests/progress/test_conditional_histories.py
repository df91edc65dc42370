"""Random histories: the same tag always means the same bytes, whichever worker answers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Literal
from uuid import UUID

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from aibc.app import create_app
from aibc.settings import QuizSettings, Settings
from fixtures.application import client_of
from fixtures.database import fresh_name, in_database, run_statement
from progress.shown_acts import SHIFTED_CLOCK, every_act
from rollups.histories import Act
from rollups.world import LEARNERS, MODULES, PATHWAYS, RESOURCES, build_world

PATHS = [
    "/api/v1/progress/pathways",
    *(
        f"/api/v1/progress/{path}"
        for path in (
            "user/summary",
            "user/dashboard",
            "user/dashboard-optimized",
            "achievements",
            "achievements/user",
            "streak",
        )
    ),
    *(f"/api/v1/progress/pathways/{pathway}" for pathway in PATHWAYS),
    *(f"/api/v1/resources/pathways/{pathway}/resources" for pathway in PATHWAYS),
    *(f"/api/v1/resources/modules/{module}/resources" for module in MODULES),
    *(f"/api/v1/resources/modules/{module}/resources-with-progress" for module in MODULES),
    *(f"/api/v1/resources/users/me/resources/{resource}/progress" for resource in RESOURCES),
]
GRADING: tuple[Literal["server", "client"], ...] = (
    "server",
    "server",
    "client",
)  # two workers of one service, and one of another
STEPS_PER_HISTORY = 20

Seen = defaultdict[tuple[UUID, str], dict[str, bytes]]


class Readers(RuleBasedStateMachine):
    """In each step somebody acts while somebody reads everything, who then reads it again."""

    settings: Settings
    server_url = ""
    template = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.name = fresh_name()
        self.seen: Seen = defaultdict(dict)
        self.newest: dict[tuple[int, UUID, str], str] = {}
        self.clients: dict[tuple[int, UUID], httpx.AsyncClient] = {}
        self.runner.run(self._open())

    async def _open(self) -> None:
        await run_statement(
            self.server_url, f'CREATE DATABASE "{self.name}" TEMPLATE "{self.template}"'
        )
        url = in_database(self.server_url, self.name)
        self.acting = await asyncpg.connect(url)
        for worker, grading in enumerate(GRADING):
            application = create_app(
                replace(
                    self.settings,
                    database=replace(self.settings.database, url=url, pool_size=3),
                    quizzes=QuizSettings(grading=grading),
                )
            )
            await self.stack.enter_async_context(application.router.lifespan_context(application))
            for user in LEARNERS:
                session = await self.acting.fetchval(
                    "INSERT INTO sessions (user_id, expires_at) VALUES ($1, 'infinity')"
                    " RETURNING id",
                    user,
                )
                token = application.tokens.issue(user, session).access_token
                self.clients[worker, user] = await self.stack.enter_async_context(
                    client_of(application, {"Authorization": f"Bearer {token}"})
                )

    @rule(
        act=every_act,
        worker=st.sampled_from(range(len(GRADING))),
        reader=st.sampled_from(LEARNERS),
        commits=st.sampled_from([True, True, True, False]),
    )
    def somebody_acts_and_somebody_reads(
        self, act: Act, worker: int, reader: UUID, commits: bool
    ) -> None:
        self.runner.run(self._step(act, worker, reader, commits=commits))

    async def _step(self, act: Act, worker: int, reader: UUID, *, commits: bool) -> None:
        await asyncio.gather(self._act(act, commits=commits), self._read(worker, reader))
        await self._read(worker, reader)

    async def _act(self, act: Act, *, commits: bool) -> None:
        transaction = self.acting.transaction()
        await transaction.start()
        try:
            await act.run(self.acting)
        except asyncpg.PostgresError:  # a refusal is as good as an act
            commits = False
        await (transaction.commit() if commits else transaction.rollback())

    async def _read(self, worker: int, reader: UUID) -> None:
        client = self.clients[worker, reader]
        for path in PATHS:
            held = self.newest.get((worker, reader, path))
            answer = await client.get(path, headers={"If-None-Match": held} if held else {})
            if answer.status_code == 304:
                assert answer.headers["etag"] == held
            elif answer.status_code == 200:
                tag, bodies = answer.headers["etag"], self.seen[reader, path]
                assert tag != held
                assert bodies.setdefault(tag, answer.content) == answer.content
                self.newest[worker, reader, path] = tag
            else:
                assert answer.status_code == 404
                assert "etag" not in answer.headers
            # What a 304 stands for is what would have been sent.
            again = await client.get(path)
            if again.status_code == 200:
                tag, bodies = again.headers["etag"], self.seen[reader, path]
                assert bodies.setdefault(tag, again.content) == again.content

    def teardown(self) -> None:
        self.runner.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        await self.stack.aclose()
        await self.acting.close()
        await run_statement(self.server_url, f'DROP DATABASE "{self.name}" WITH (FORCE)')


@pytest.fixture
def readers(
    postgres_server: str, template_database: str, settings: Settings
) -> Iterator[type[Readers]]:
    name = fresh_name()
    url = in_database(postgres_server, name)

    async def build() -> None:
        await run_statement(
            postgres_server, f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"'
        )
        connection = await asyncpg.connect(url)
        await build_world(connection)
        await connection.execute(SHIFTED_CLOCK)
        await connection.close()

    asyncio.run(build())
    attributes: dict[str, Any] = {
        "settings": settings,
        "server_url": postgres_server,
        "template": name,
    }
    yield type("ReadersHere", (Readers,), attributes)
    asyncio.run(run_statement(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)'))


def _run(machine: type[Readers], steps: int) -> None:
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


def test_a_tag_names_the_same_bytes_for_ever(readers: type[Readers]) -> None:
    _run(readers, steps=100)


@pytest.mark.soak
def test_a_tag_names_the_same_bytes_through_three_thousand_steps(
    readers: type[Readers], soak_result: Callable[[str, str], None]
) -> None:
    _run(readers, steps=3000)
    soak_result("Random histories against what a tag named before", "3,000 steps, 0 differences")
