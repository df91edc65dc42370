"""What is measured on: as much as it says, the same every time, and right in every figure."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from aibc.database.pool import Connection
from benchmarks.histories import history
from benchmarks.identities import identity, learner_id, waiting_id
from benchmarks.scales import COMPLETIONS, SCALES, SUBMISSIONS
from rollups.recount import differences

from .conftest import SCALE


@pytest.fixture
async def seeded(seeded_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(seeded_url)
    yield connection
    await connection.close()


async def test_every_seeded_figure_is_what_an_independent_recount_says(seeded: Connection) -> None:
    assert await differences(seeded) == []


async def test_there_is_as_much_as_the_scale_says(seeded: Connection) -> None:
    counted = await seeded.fetchrow(
        """
        SELECT (SELECT count(*) FROM users WHERE role = 'student') AS learners,
               (SELECT count(*) FROM resources) AS resources,
               (SELECT count(*) FROM resource_completions) AS completions,
               (SELECT count(*) FROM resource_submissions) AS submissions,
               (SELECT count(*) FROM resource_submissions
                WHERE submission_status = 'uploaded') AS waiting
        """
    )
    assert counted is not None
    assert dict(counted) == {
        "learners": SCALE.learners,
        "resources": 10 * 8 * 12,
        "completions": SCALE.completions,
        "submissions": SCALE.submissions,
        "waiting": SCALE.waiting,
    }


async def test_postgresql_names_people_as_the_seeder_does(seeded: Connection) -> None:
    found = await seeded.fetchval("SELECT id FROM users WHERE id = md5('learner:' || 7)::uuid")
    assert found == learner_id(7)
    waiting = await seeded.fetchval(
        "SELECT user_id FROM resource_submissions WHERE id = $1", waiting_id(8)
    )
    assert waiting == learner_id(8)
    assert identity("learner", 7) == learner_id(7)


def test_a_learner_has_done_the_same_on_every_machine() -> None:
    assert history(3) == history(3)
    assert history(3) != history(4)


def test_every_learner_has_as_much_as_the_next() -> None:
    for number in range(20):
        done = history(number)
        assert (len(done.completions), len(done.submissions)) == (COMPLETIONS, SUBMISSIONS)


def test_the_usual_scale_is_the_one_that_goals_are_set_for() -> None:
    usual = next(scale for name, scale in SCALES.items() if name == "standard")
    assert (usual.learners, usual.completions, usual.submissions, usual.waiting) == (
        20_000,
        2_000_000,
        200_000,
        5_000,
    )
