"""Hot reads of resources and of a pathway's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeSubmission, MakeUser
from progress.conftest import Course

RESOURCES = "/api/v1/resources"
PATHWAYS = "/api/v1/progress/pathways"


def paths(course: Course) -> list[str]:
    return [
        f"{RESOURCES}/pathways/{course.pathway}/resources",
        f"{RESOURCES}/modules/{course.module}/resources-with-progress",
        f"{RESOURCES}/users/me/resources/{course.video}/progress",
        f"{PATHWAYS}/{course.pathway}",
    ]


async def module_resources(client: httpx.AsyncClient, course: Course) -> dict[str, Any]:
    response = await client.get(f"{RESOURCES}/modules/{course.module}/resources-with-progress")
    assert response.status_code == 200
    return {resource["id"]: resource for resource in response.json()}


async def test_nobody_reads_without_signing_in(
    anonymous: httpx.AsyncClient, course: Course
) -> None:
    for path in paths(course):
        response = await anonymous.get(path)
        assert (response.status_code, response.json()["code"]) == (401, "sign_in_required")


async def test_nobody_reads_with_a_session_that_ended(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    await connection.execute("UPDATE sessions SET revoked_at = clock_timestamp()")
    for path in paths(course):
        response = await client.get(path)
        assert (response.status_code, response.json()["code"]) == (401, "session_ended")


async def test_nobody_reads_with_a_suspended_account(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    await connection.execute("UPDATE users SET account_status = 'suspended'")
    for path in paths(course):
        response = await client.get(path)
        assert (response.status_code, response.json()["code"]) == (403, "account_suspended")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{RESOURCES}/pathways/no-such/resources", "pathway_not_found"),
        (f"{RESOURCES}/modules/no-such/resources-with-progress", "module_not_found"),
        (f"{RESOURCES}/users/me/resources/no-such/progress", "resource_not_found"),
        (f"{PATHWAYS}/no-such", "pathway_not_found"),
    ],
)
async def test_what_does_not_exist_is_not_found(
    client: httpx.AsyncClient, path: str, code: str
) -> None:
    response = await client.get(path)
    assert (response.status_code, response.json()["code"]) == (404, code)


@pytest.mark.parametrize(
    "hiding",
    [
        "UPDATE pathways SET is_published = false",
        "UPDATE pathways SET removed_at = clock_timestamp()",
    ],
)
async def test_nothing_of_a_pathway_that_is_not_live_is_found(
    client: httpx.AsyncClient, course: Course, connection: Connection, hiding: str
) -> None:
    await client.post(f"{RESOURCES}/users/me/resources/{course.video}/start")
    for path in paths(course):
        assert (await client.get(path)).status_code == 200
    await connection.execute(hiding)
    for path in paths(course):
        assert (await client.get(path)).status_code == 404


async def test_a_resource_that_is_not_live_leaves_its_module(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    await connection.execute(
        "UPDATE resources SET is_published = false WHERE id = $1", course.article
    )
    assert list(await module_resources(client, course)) == [
        course.video,
        course.exercise,
        course.quiz,
        course.project,
    ]


async def test_a_pathway_shows_modules_and_resources_in_order(
    client: httpx.AsyncClient, course: Course
) -> None:
    modules = (await client.get(f"{RESOURCES}/pathways/{course.pathway}/resources")).json()
    assert [(one["module_id"], one["module_title"]) for one in modules] == [
        (course.module, "First"),
        (course.second_module, "Second"),
    ]
    assert [one["id"] for one in modules[0]["resources"]] == list(course.resources)
    assert [one["id"] for one in modules[1]["resources"]] == [course.last]


async def test_an_untouched_resource_shows_no_record_and_no_submissions(
    client: httpx.AsyncClient, course: Course
) -> None:
    for resource in (await module_resources(client, course)).values():
        assert resource["completion"] is None
        assert resource["submissions"] == []


async def test_both_lists_show_the_same_resource_alike(
    client: httpx.AsyncClient, course: Course, learner: UUID, make_submission: MakeSubmission
) -> None:
    await make_submission(learner, course.project)
    modules = (await client.get(f"{RESOURCES}/pathways/{course.pathway}/resources")).json()
    assert modules[0]["resources"] == list((await module_resources(client, course)).values())


async def test_submissions_are_listed_newest_first_without_withdrawn_ones(
    client: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    connection: Connection,
    make_submission: MakeSubmission,
) -> None:
    first = await make_submission(learner, course.project)
    second = await make_submission(learner, course.project)
    third = await make_submission(learner, course.project)
    await connection.execute(
        "UPDATE resource_submissions SET deleted_at = clock_timestamp() WHERE id = $1", third
    )
    project = (await module_resources(client, course))[course.project]
    assert [one["id"] for one in project["submissions"]] == [str(second), str(first)]
    assert project["completion"]["submission_count"] == 3


async def test_a_learner_sees_nothing_of_another(
    client: httpx.AsyncClient, course: Course, make_user: MakeUser, make_submission: MakeSubmission
) -> None:
    await make_submission(await make_user(), course.project)
    project = (await module_resources(client, course))[course.project]
    assert (project["completion"], project["submissions"]) == (None, [])
    response = await client.get(f"{RESOURCES}/users/me/resources/{course.project}/progress")
    assert (response.status_code, response.json()["code"]) == (404, "not_started")


async def test_a_resource_never_started_has_no_progress(
    client: httpx.AsyncClient, course: Course
) -> None:
    response = await client.get(f"{RESOURCES}/users/me/resources/{course.video}/progress")
    assert (response.status_code, response.json()["code"]) == (404, "not_started")


async def test_a_record_shows_whether_a_file_is_required(
    client: httpx.AsyncClient, course: Course
) -> None:
    for resource_id, required in ((course.project, True), (course.video, False)):
        started = await client.post(f"{RESOURCES}/users/me/resources/{resource_id}/start")
        read = await client.get(f"{RESOURCES}/users/me/resources/{resource_id}/progress")
        assert read.json() == started.json()
        assert read.json()["submission_required"] is required


async def test_a_learner_never_reads_what_gives_an_answer_away_and_staff_do(
    client: httpx.AsyncClient, staff_client: httpx.AsyncClient, course: Course
) -> None:
    for path in paths(course)[:2]:
        for_learner = (await client.get(path)).text
        assert "Is water wet?" in for_learner
        assert "isCorrect" not in for_learner
        assert "explanation" not in for_learner
        for_staff = (await staff_client.get(path)).text
        assert "isCorrect" in for_staff
        assert "explanation" in for_staff


async def test_an_untouched_pathway_shows_zeros_and_nulls_and_reading_writes_nothing(
    client: httpx.AsyncClient, course: Course, learner: UUID, connection: Connection
) -> None:
    page = (await client.get(f"{PATHWAYS}/{course.pathway}")).json()
    assert page["progress"] == {
        "id": None,
        "user_id": str(learner),
        "pathway_id": course.pathway,
        "current_module_id": None,
        "progress_percentage": 0,
        "completed_modules": 0,
        "total_time_spent_minutes": 0,
        "started_at": None,
        "last_accessed_at": None,
        "completed_at": None,
    }
    assert [one["progress_percentage"] for one in page["modules"]] == [0, 0]
    assert page["next_module"] == page["modules"][0]
    assert await connection.fetchval("SELECT count(*) FROM user_progress") == 0


async def test_a_pathway_page_counts_its_live_modules(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    await connection.execute(
        "UPDATE modules SET is_published = false WHERE id = $1", course.second_module
    )
    page = (await client.get(f"{PATHWAYS}/{course.pathway}")).json()
    assert page["pathway"]["slug"] == page["pathway"]["id"] == course.pathway
    assert page["pathway"]["total_modules"] == 1
    assert [one["id"] for one in page["modules"]] == [course.module]


async def test_the_next_module_is_the_first_that_is_not_approved(
    client: httpx.AsyncClient, course: Course
) -> None:
    await client.post(f"{RESOURCES}/users/me/resources/{course.last}/complete")
    page = (await client.get(f"{PATHWAYS}/{course.pathway}")).json()
    first, second = page["modules"]
    assert (first["completed"], first["approval_status"]) == (False, None)
    assert (second["completed"], second["approval_status"]) == (True, "approved")
    assert second["progress_percentage"] == 100
    assert page["next_module"] == first
    assert page["progress"]["completed_modules"] == 1
    assert page["progress"]["progress_percentage"] == 50


async def test_there_is_no_next_module_when_all_are_approved(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    await connection.execute("UPDATE modules SET is_published = false WHERE id = $1", course.module)
    await client.post(f"{RESOURCES}/users/me/resources/{course.last}/complete")
    page = (await client.get(f"{PATHWAYS}/{course.pathway}")).json()
    assert page["next_module"] is None
    assert page["progress"]["progress_percentage"] == 100
    assert page["progress"]["completed_at"] is not None


async def test_a_module_shows_the_comments_of_its_rejection(
    client: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    connection: Connection,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    await connection.execute("UPDATE resources SET is_required = false WHERE type = 'quiz'")
    for resource_id in (course.video, course.article, course.exercise):
        await client.post(f"{RESOURCES}/users/me/resources/{resource_id}/complete")
    submission = await make_submission(learner, course.project)
    await connection.execute(
        """
        UPDATE resource_submissions
        SET submission_status = 'rejected', reviewed_by = $2, review_comments = 'Add a title.'
        WHERE id = $1
        """,
        submission,
        await make_user(role="instructor"),
    )
    module = (await client.get(f"{PATHWAYS}/{course.pathway}")).json()["modules"][0]
    assert (module["completed"], module["approval_status"]) == (True, "rejected")
    assert module["review_comments"] == "Add a title."
    assert module["progress_percentage"] == 75


async def test_times_are_utc_and_end_in_z(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    await connection.execute(
        "DO $$ BEGIN EXECUTE format("
        "'ALTER DATABASE %I SET timezone = %L', current_database(), 'Asia/Kolkata'); END $$"
    )
    started = (await client.post(f"{RESOURCES}/users/me/resources/{course.video}/start")).json()
    page = (await client.get(f"{PATHWAYS}/{course.pathway}")).json()
    for moment in (started["started_at"], page["progress"]["started_at"]):
        assert moment.endswith("Z")
        assert datetime.fromisoformat(moment).tzinfo is not None


async def test_a_change_of_the_catalog_shows_in_the_next_answer(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    await module_resources(client, course)
    await connection.execute("UPDATE resources SET title = 'New' WHERE id = $1", course.video)
    assert (await module_resources(client, course))[course.video]["title"] == "New"


async def test_a_module_that_moved_takes_the_learners_record_along(
    client: httpx.AsyncClient, course: Course, connection: Connection, make_pathway: Any
) -> None:
    await client.post(f"{RESOURCES}/users/me/resources/{course.last}/complete")
    other = await make_pathway()
    await connection.execute(
        "UPDATE modules SET pathway_id = $1 WHERE id = $2", other, course.second_module
    )
    [module] = (await client.get(f"{RESOURCES}/pathways/{other}/resources")).json()
    assert module["resources"][0]["completion"]["status"] == "completed"
    assert (await client.get(f"{PATHWAYS}/{other}")).json()["progress"][
        "progress_percentage"
    ] == 100


async def test_hot_reads_are_private_and_checked_again_each_time(
    client: httpx.AsyncClient, course: Course
) -> None:
    await client.post(f"{RESOURCES}/users/me/resources/{course.video}/start")
    for path in paths(course):
        headers = (await client.get(path)).headers
        assert headers["cache-control"] == "private, no-cache"
        assert headers["vary"] == "Authorization, Origin"


async def test_staff_may_use_the_routes_of_learners(
    make_user: MakeUser, sign_in: SignIn, course: Course
) -> None:
    for role in ("instructor", "admin"):
        client = await sign_in(await make_user(role=role))
        await client.post(f"{RESOURCES}/users/me/resources/{course.video}/start")
        for path in paths(course):
            assert (await client.get(path)).status_code == 200
