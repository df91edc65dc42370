"""The explanation of a learner's figures: true for each state, and its sums add up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from aibc.catalog.errors import PathwayNotFound
from aibc.progress.explanation import explain
from fixtures.catalog import (
    Connection,
    MakeUser,
    add_module,
    add_pathway,
    add_resource,
    add_submission,
    add_user,
)
from rollups.recount import differences

PATHWAY = "painting"
MODULE = "strokes"
COMMENTS = "The sky is missing."


@pytest.fixture
async def learner(connection: Connection, make_user: MakeUser) -> UUID:
    await add_pathway(connection, PATHWAY, title="Painting")
    await add_module(connection, PATHWAY, MODULE, title="Strokes")
    return await make_user(email="ada@example.org")


async def explained(connection: Connection, learner: UUID, *, staff: bool = True) -> dict[str, Any]:
    return await explain(connection, learner, PATHWAY, shows_hidden=staff)


def resource_in(document: dict[str, Any], resource_id: str) -> dict[str, Any]:
    for module in document["modules"]:
        for resource in module["resources"]:
            if resource["resource_id"] == resource_id:
                return dict(resource)
    raise AssertionError(f"{resource_id} is not explained")


async def complete(connection: Connection, learner: UUID, resource: str) -> None:
    await connection.execute("SELECT learner_complete($1, $2, false)", learner, resource)


async def test_every_state_of_a_counted_resource_has_its_own_reason(
    connection: Connection, learner: UUID
) -> None:
    teacher = await add_user(connection, role="instructor", full_name="Grace Teacher")
    upload: dict[str, Any] = {"type": "exercise", "requires_upload": True}
    for name in ("untouched", "begun", "watched"):
        await add_resource(connection, MODULE, name, type="video")
    for name in ("waiting", "rejected", "passed"):
        await add_resource(connection, MODULE, name, **upload)
    await connection.execute(
        "SELECT learner_report($1, 'begun', NULL, 40, 5, NULL, NULL, false)", learner
    )
    await complete(connection, learner, "watched")
    await add_submission(connection, learner, "waiting")
    await add_submission(
        connection,
        learner,
        "rejected",
        submission_status="rejected",
        reviewed_by=teacher,
        review_comments=COMMENTS,
    )
    await add_submission(
        connection, learner, "passed", submission_status="approved", reviewed_by=teacher
    )
    document = await explained(connection, learner)
    told = {
        name: resource_in(document, name)
        for name in ("untouched", "begun", "watched", "waiting", "rejected", "passed")
    }
    assert {name: one["state"] for name, one in told.items()} == {
        "untouched": "not_started",
        "begun": "in_progress",
        "watched": "completed",
        "waiting": "submitted",
        "rejected": "rejected",
        "passed": "reviewed",
    }
    assert {name for name, one in told.items() if one["done"]} == {"watched", "passed"}
    assert all(one["counts"] and one["obstacle"] is None for one in told.values())
    assert told["untouched"]["reason"] == "Counts, and is not done yet: not started."
    assert told["begun"]["reason"] == "Counts, and is not done yet: in progress at 40 %."
    assert told["watched"]["reason"].startswith("Counts, and is done: completed on 20")
    assert "not done yet: attempt 1 waits for review since 20" in told["waiting"]["reason"]
    assert "not done yet: attempt 1 was rejected on 20" in told["rejected"]["reason"]
    assert "is done: passed by an instructor on 20" in told["passed"]["reason"]
    module = document["modules"][0]
    assert module["arithmetic"] == "2 of 6 counted are done: 100 × 2 / 6 = 33 %, rounded down."
    assert document["arithmetic"] == "(33) / 1 = 33 %."
    assert document["progress_percentage"] == document["stored_percentage"] == 33


@pytest.mark.parametrize(
    ("change", "obstacle", "words"),
    [
        ("UPDATE resources SET is_required = false WHERE id = 'film'", "optional", "optional"),
        (
            "UPDATE resources SET is_published = false WHERE id = 'film'",
            "resource_unpublished",
            "it is not published",
        ),
        (
            "UPDATE resources SET removed_at = now() WHERE id = 'film'",
            "resource_removed",
            "it was removed from the curriculum",
        ),
        (
            "UPDATE modules SET is_published = false WHERE id = 'strokes'",
            "module_unpublished",
            "its module is not published",
        ),
        (
            "UPDATE modules SET removed_at = now() WHERE id = 'strokes'",
            "module_removed",
            "its module was removed from the curriculum",
        ),
        (
            "UPDATE pathways SET is_published = false",
            "pathway_unpublished",
            "the pathway is not published",
        ),
        (
            "UPDATE pathways SET removed_at = now()",
            "pathway_removed",
            "the pathway was removed from the curriculum",
        ),
    ],
)
async def test_what_does_not_count_says_why(
    connection: Connection, learner: UUID, change: str, obstacle: str, words: str
) -> None:
    for name in ("film", "text"):
        await add_resource(connection, MODULE, name)
    await complete(connection, learner, "film")
    await connection.execute(change)
    document = await explained(connection, learner)
    film = resource_in(document, "film")
    assert (film["counts"], film["obstacle"], film["state"]) == (False, obstacle, "completed")
    assert film["reason"].startswith(f"Does not count, because {words}") or words in film["reason"]
    assert document["progress_percentage"] == document["stored_percentage"] == 0
    assert document["total_modules"] == sum(module["counts"] for module in document["modules"])


async def test_the_sums_are_those_that_are_stored(connection: Connection, learner: UUID) -> None:
    for module, size in (("second", 3), ("third", 1)):
        await add_module(connection, PATHWAY, module)
        for number in range(size):
            await add_resource(connection, module, f"{module}-{number}")
    await add_resource(connection, MODULE, "only")
    for resource in ("only", "second-0", "second-1"):
        await complete(connection, learner, resource)
    document = await explained(connection, learner)
    assert document["arithmetic"] == "(100 + 66 + 0) / 3 = 55 %, rounded down."
    assert document["progress_percentage"] == document["stored_percentage"] == 55
    assert (document["completed_modules"], document["total_modules"]) == (1, 3)
    stored = {
        row["module_id"]: row["progress_percentage"]
        for row in await connection.fetch("SELECT * FROM module_progress")
    }
    explained_figures = {
        one["module_id"]: one["progress_percentage"] for one in document["modules"]
    }
    assert explained_figures == {**stored, "third": 0}
    assert await differences(connection) == []


async def test_a_module_says_how_its_approval_came_about(
    connection: Connection, learner: UUID
) -> None:
    teacher = await add_user(connection, role="instructor", full_name="Grace Teacher")
    await add_resource(connection, MODULE, "drawing", type="project", requires_upload=True)

    async def approval() -> str:
        return str((await explained(connection, learner))["modules"][0]["approval"])

    async def decide(status: str) -> None:
        await connection.execute(
            "INSERT INTO module_decisions (user_id, pathway_id, module_id, kind, approval_status,"
            " decided_by, review_comments) VALUES ($1, $2, $3, 'decided', $4, $5, $6)",
            learner,
            PATHWAY,
            MODULE,
            status,
            teacher,
            COMMENTS,
        )

    assert (await approval()).startswith("Not handed in")
    await add_submission(connection, learner, "drawing")
    assert (await approval()).startswith("Handed in, not approved yet")
    await decide("rejected")
    assert (await approval()).startswith("Rejected by hand by Grace Teacher on 20")
    await add_submission(connection, learner, "drawing")
    assert (await approval()).startswith("Handed in again after a rejection by hand: waits")
    await decide("approved")
    assert (await approval()).startswith("Approved by hand by Grace Teacher on 20")
    module = (await explained(connection, learner))["modules"][0]
    assert module["progress_percentage"] == 100
    assert module["arithmetic"].startswith("Approved by hand, so 100 %; of its own, 0 of 1")


async def test_an_approval_that_outlives_a_grown_curriculum_is_told_from_a_full_one(
    connection: Connection, learner: UUID
) -> None:
    await add_resource(connection, MODULE, "film")
    await complete(connection, learner, "film")
    assert (await explained(connection, learner))["modules"][0]["approval"].startswith("Approved:")
    await add_resource(connection, MODULE, "sequel")
    document = await explained(connection, learner)
    assert document["modules"][0]["approval"].startswith("Stays approved")
    assert (document["progress_percentage"], document["completed_modules"]) == (50, 1)


async def test_ninety_nine_is_explained_by_the_approval_that_is_missing(
    connection: Connection, learner: UUID
) -> None:
    teacher = await add_user(connection, role="instructor")
    await add_resource(connection, MODULE, "film")
    await complete(connection, learner, "film")
    await connection.execute(
        "INSERT INTO module_decisions (user_id, pathway_id, module_id, kind, approval_status,"
        " decided_by, review_comments) VALUES ($1, $2, $3, 'decided', 'rejected', $4, $5)",
        learner,
        PATHWAY,
        MODULE,
        teacher,
        COMMENTS,
    )
    document = await explained(connection, learner)
    assert document["progress_percentage"] == document["stored_percentage"] == 99
    assert document["arithmetic"] == "All modules show 100 %, but 1 of 1 wait for approval: 99 %."


async def test_a_learner_is_not_shown_drafts_but_keeps_what_went_after_the_work(
    connection: Connection, learner: UUID
) -> None:
    await add_resource(connection, MODULE, "film")
    await add_resource(connection, MODULE, "gone")
    await add_resource(connection, MODULE, "draft", is_published=False)
    await add_module(connection, PATHWAY, "secret", is_published=False)
    await complete(connection, learner, "gone")
    await connection.execute("UPDATE resources SET removed_at = now() WHERE id = 'gone'")
    for staff, seen in ((False, {"film", "gone"}), (True, {"film", "gone", "draft"})):
        document = await explained(connection, learner, staff=staff)
        shown = {
            one["resource_id"] for module in document["modules"] for one in module["resources"]
        }
        assert shown == seen
        assert len(document["modules"]) == (2 if staff else 1)


async def test_a_pathway_that_is_not_live_is_explained_to_staff_alone(
    connection: Connection, learner: UUID
) -> None:
    await connection.execute("UPDATE pathways SET is_published = false")
    assert (await explained(connection, learner))["progress_percentage"] == 0
    with pytest.raises(PathwayNotFound):
        await explained(connection, learner, staff=False)
    with pytest.raises(PathwayNotFound):
        await explain(connection, learner, "nowhere", shows_hidden=True)


async def test_a_pathway_never_touched_is_explained_too(
    connection: Connection, learner: UUID
) -> None:
    await add_resource(connection, MODULE, "film")
    document = await explained(connection, learner)
    assert document["progress_percentage"] == 0
    assert resource_in(document, "film")["state"] == "not_started"
    assert await connection.fetchval("SELECT count(*) FROM user_progress") == 0
