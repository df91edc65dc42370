"""A learner across all pathways."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from aibc.app import Application
from aibc.progress.overview_schemas import (
    Achievement,
    Dashboard,
    EarnedAchievement,
    Everything,
    Explanation,
    Streak,
    Summary,
)
from fixtures.catalog import Connection, MakeSlug
from progress.conftest import Course
from progress.learner_calls import complete, refused, report, taken
from progress.test_api_description import assert_same_fields, described_schema, reference

PROGRESS = "/api/v1/progress"
READS: tuple[tuple[str, Any], ...] = (
    ("user/summary", Summary),
    ("user/dashboard", Dashboard),
    ("user/dashboard-optimized", Everything),
    ("achievements", list[Achievement]),
    ("achievements/user", list[EarnedAchievement]),
    ("streak", Streak),
)


@pytest.fixture
async def started(client: httpx.AsyncClient, course: Course, make_pathway: MakeSlug) -> str:
    """The learner has finished half of the course and knows of another pathway; its slug."""
    taken(await report(client, course.video, time_spent_minutes=30))
    taken(await complete(client, course.last))
    return await make_pathway()


async def test_nobody_sees_an_overview_without_signing_in(anonymous: httpx.AsyncClient) -> None:
    for path, _ in READS:
        response = await anonymous.get(f"{PROGRESS}/{path}")
        assert refused(response) == (401, "sign_in_required")


async def test_what_is_sent_is_what_is_described(
    application: Application, client: httpx.AsyncClient, course: Course, started: str
) -> None:
    for path, model in READS:
        response = await client.get(f"{PROGRESS}/{path}")
        assert_same_fields(model, response.content)
        schema = described_schema(application, "get", f"{PROGRESS}/{path}")
        inner = getattr(model, "__args__", None)
        assert (schema["items"] if inner else schema) == reference(inner[0] if inner else model)
    explanation = await client.get(f"{PROGRESS}/pathways/{course.pathway}/explain")
    assert_same_fields(Explanation, explanation.content)


async def test_somebody_new_has_zeros_everywhere(
    client: httpx.AsyncClient, course: Course, learner: UUID, connection: Connection
) -> None:
    summary = taken(await client.get(f"{PROGRESS}/user/summary"))
    assert summary == {
        "user_id": str(learner),
        "total_pathways": 1,
        "pathways_started": 0,
        "pathways_completed": 0,
        "total_modules_completed": 0,
        "total_time_spent_minutes": 0,
        "current_streak": 0,
        "longest_streak": 0,
        "achievements_earned": 0,
        "pathway_progress": [],
    }
    [card] = taken(await client.get(f"{PROGRESS}/user/dashboard"))["pathways"]
    assert (card["id"], card["progress"]) == (course.pathway, 0)
    assert await connection.fetchval("SELECT count(*) FROM user_progress") == 0


async def test_a_summary_adds_up_the_pathways_the_learner_has_touched(
    client: httpx.AsyncClient, course: Course, started: str
) -> None:
    summary = taken(await client.get(f"{PROGRESS}/user/summary"))
    assert (summary["total_pathways"], summary["pathways_started"]) == (2, 1)
    assert (summary["pathways_completed"], summary["total_modules_completed"]) == (0, 1)
    assert summary["total_time_spent_minutes"] == 30
    assert summary["current_streak"] == summary["longest_streak"] == 1
    assert summary["achievements_earned"] == 2
    [progress] = summary["pathway_progress"]
    page = taken(await client.get(f"{PROGRESS}/pathways/{course.pathway}"))
    assert progress == page["progress"]


async def test_a_dashboard_shows_every_live_pathway_with_the_learners_percentage(
    client: httpx.AsyncClient, course: Course, started: str
) -> None:
    dashboard = taken(await client.get(f"{PROGRESS}/user/dashboard"))
    cards = {card["id"]: card for card in dashboard["pathways"]}
    assert {one: card["progress"] for one, card in cards.items()} == {
        course.pathway: 50,
        started: 0,
    }
    card = cards[course.pathway]
    assert (card["slug"], card["shortTitle"]) == (course.pathway, "Short")
    assert {one["id"] for one in dashboard["recent_achievements"]} == {"first-step", "first-module"}
    assert dashboard["streak"]["current"] == 1


async def test_everything_at_once_is_what_the_single_calls_answer(
    client: httpx.AsyncClient, started: str
) -> None:
    everything = taken(await client.get(f"{PROGRESS}/user/dashboard-optimized"))
    assert everything["dashboard"] == taken(await client.get(f"{PROGRESS}/user/dashboard"))
    assert everything["summary"] == taken(await client.get(f"{PROGRESS}/user/summary"))
    assert everything["achievements"] == (await client.get(f"{PROGRESS}/achievements")).json()
    assert everything["pathways"] == everything["dashboard"]["pathways"]
    alone = taken(await client.get(f"{PROGRESS}/streak"))
    assert everything["streak"] == {**alone, **everything["dashboard"]["streak"]}


async def test_a_pathway_that_is_not_live_counts_nowhere(
    client: httpx.AsyncClient, course: Course, started: str, connection: Connection
) -> None:
    await connection.execute(
        "UPDATE pathways SET is_published = false WHERE id = $1", course.pathway
    )
    summary = taken(await client.get(f"{PROGRESS}/user/summary"))
    assert (summary["total_pathways"], summary["pathways_started"]) == (1, 0)
    assert summary["pathway_progress"] == []
    dashboard = taken(await client.get(f"{PROGRESS}/user/dashboard"))
    assert [card["id"] for card in dashboard["pathways"]] == [started]
