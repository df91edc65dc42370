"""Modules that wait for approval, and decisions by hand on them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from aibc.progress.schemas import ModuleCompletion
from aibc.reviews.module_schemas import PendingModulesPage
from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeSubmission, MakeUser
from progress.learner_calls import refused, taken
from reviews.conftest import Course

MODULES = "/api/v1/progress/modules"


async def pending(client: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    return taken(await client.get(f"{MODULES}/pending-reviews{query}"))


async def decide(
    client: httpx.AsyncClient, completion: object, status: str, **more: object
) -> httpx.Response:
    body = {"approval_status": status, **more}
    return await client.post(f"{MODULES}/{completion}/approve", json=body)


@pytest.fixture
async def handed_in(
    connection: Connection, learner: UUID, course: Course, make_submission: MakeSubmission
) -> UUID:
    """The id of a module completion that waits."""
    for resource in (course.exercise, course.project):
        await make_submission(learner, resource)
    completion: UUID = await connection.fetchval("SELECT id FROM module_completions")
    return completion


async def test_only_staff_see_and_decide(client: httpx.AsyncClient, handed_in: UUID) -> None:
    assert refused(await client.get(f"{MODULES}/pending-reviews")) == (403, "role_refused")
    assert refused(await decide(client, handed_in, "approved")) == (403, "role_refused")


async def test_nobody_decides_without_signing_in(
    anonymous: httpx.AsyncClient, handed_in: UUID
) -> None:
    assert (await anonymous.get(f"{MODULES}/pending-reviews")).status_code == 401
    assert (await decide(anonymous, handed_in, "approved")).status_code == 401


async def test_the_queue_shows_who_waits_for_what_and_how_many_in_all(
    reviewer: httpx.AsyncClient, handed_in: UUID, learner: UUID, course: Course
) -> None:
    page = await pending(reviewer)
    [item] = page["reviews"]
    assert (page["total_pending"], page["limit"], page["offset"]) == (1, 50, 0)
    assert (item["id"], item["user_id"]) == (str(handed_in), str(learner))
    assert (item["user_email"], item["user_name"]) == ("lin@example.com", "Lin Learner")
    assert (item["pathway_id"], item["module_id"]) == (course.pathway, course.module)
    assert item["hours_waiting"] >= 0
    assert PendingModulesPage.model_validate(page).model_dump(mode="json") == page


async def test_a_page_beyond_the_queue_is_empty_and_still_tells_the_total(
    reviewer: httpx.AsyncClient, handed_in: UUID, course: Course
) -> None:
    beyond = await pending(reviewer, "?limit=1&offset=5")
    assert (beyond["total_pending"], beyond["reviews"]) == (1, [])
    assert (await pending(reviewer, "?pathway_id=another"))["total_pending"] == 0
    assert (await pending(reviewer, f"?pathway_id={course.pathway}"))["total_pending"] == 1
    for query in ("?limit=0", "?limit=201", "?offset=-1", "?limit=x"):
        response = await reviewer.get(f"{MODULES}/pending-reviews{query}")
        assert refused(response) == (422, "validation_error")


async def test_an_approval_by_hand_makes_100_per_cent_and_leaves_the_queue(
    reviewer: httpx.AsyncClient,
    client: httpx.AsyncClient,
    instructor: UUID,
    handed_in: UUID,
    course: Course,
) -> None:
    answer = taken(await decide(reviewer, handed_in, "approved", review_comments="Fine."))
    assert ModuleCompletion.model_validate(answer).model_dump(mode="json") == answer
    assert (answer["approval_status"], answer["reviewed_by"]) == ("approved", str(instructor))
    assert (await pending(reviewer))["total_pending"] == 0
    page = taken(await client.get(f"/api/v1/progress/pathways/{course.pathway}"))
    assert page["modules"][0]["progress_percentage"] == 100
    assert page["progress"]["progress_percentage"] == 100
    assert page["next_module"] is None


async def test_a_rejection_needs_comments_and_shows_them(
    reviewer: httpx.AsyncClient, client: httpx.AsyncClient, handed_in: UUID, course: Course
) -> None:
    for comments in (None, "", "   "):
        response = await decide(reviewer, handed_in, "rejected", review_comments=comments)
        assert refused(response) == (422, "comments_required")
        assert [error["field"] for error in response.json()["errors"]] == ["review_comments"]
    taken(await decide(reviewer, handed_in, "rejected", review_comments="Too short."))
    page = taken(await client.get(f"/api/v1/progress/pathways/{course.pathway}"))
    assert page["next_module"]["approval_status"] == "rejected"
    assert page["next_module"]["review_comments"] == "Too short."


async def test_the_first_of_two_decisions_stands(
    reviewer: httpx.AsyncClient, handed_in: UUID, make_user: MakeUser, sign_in: SignIn
) -> None:
    colleague = await sign_in(await make_user(role="instructor"))
    first = taken(await decide(reviewer, handed_in, "approved"))
    assert taken(await decide(colleague, handed_in, "approved")) == first
    other = await decide(colleague, handed_in, "rejected", review_comments="No.", change=True)
    assert refused(other) == (409, "already_decided")


async def test_a_decision_is_changed_by_its_reviewer_or_an_administrator_who_says_so(
    reviewer: httpx.AsyncClient, handed_in: UUID, make_user: MakeUser, sign_in: SignIn
) -> None:
    taken(await decide(reviewer, handed_in, "approved"))
    no = {"review_comments": "No."}
    assert refused(await decide(reviewer, handed_in, "rejected", **no)) == (409, "already_decided")
    changed = taken(await decide(reviewer, handed_in, "rejected", **no, change=True))
    assert changed["approval_status"] == "rejected"
    admin = await sign_in(await make_user(role="admin"))
    again = taken(await decide(admin, handed_in, "approved", change=True))
    assert again["approval_status"] == "approved"


async def test_nobody_decides_on_their_own_module(
    client: httpx.AsyncClient, handed_in: UUID, learner: UUID, connection: Connection
) -> None:
    await connection.execute("UPDATE users SET role = 'admin' WHERE id = $1", learner)
    assert refused(await decide(client, handed_in, "approved")) == (403, "own_work")


async def test_an_unknown_completion_is_not_found_and_an_unknown_status_refused(
    reviewer: httpx.AsyncClient, handed_in: UUID
) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    assert refused(await decide(reviewer, unknown, "approved")) == (
        404,
        "module_completion_not_found",
    )
    assert refused(await decide(reviewer, handed_in, "pending")) == (422, "validation_error")
