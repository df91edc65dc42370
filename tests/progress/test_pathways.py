"""What a learner does to a pathway or a module as a whole."""

from __future__ import annotations

from uuid import UUID

import httpx

from fixtures.catalog import Connection, MakeSubmission
from progress.conftest import Course
from progress.learner_calls import complete, refused, report, taken

PROGRESS = "/api/v1/progress"


async def enter(client: httpx.AsyncClient, pathway: str) -> httpx.Response:
    return await client.post(f"{PROGRESS}/user/start-pathway", json={"pathway_id": pathway})


async def hand_in(
    client: httpx.AsyncClient, course: Course, module: str, **more: object
) -> httpx.Response:
    body = {"module_id": module, "pathway_id": course.pathway, **more}
    return await client.post(f"{PROGRESS}/modules/complete", json=body)


async def test_nobody_acts_on_a_pathway_without_signing_in(
    anonymous: httpx.AsyncClient, course: Course
) -> None:
    for response in (
        await enter(anonymous, course.pathway),
        await anonymous.put(f"{PROGRESS}/user/pathway/{course.pathway}", json={}),
        await hand_in(anonymous, course, course.module),
        await anonymous.get(f"{PROGRESS}/modules/completions"),
        await anonymous.get(f"{PROGRESS}/pathways/{course.pathway}/explain"),
    ):
        assert refused(response) == (401, "sign_in_required")


async def test_a_pathway_is_started_once(
    client: httpx.AsyncClient, course: Course, learner: UUID
) -> None:
    first = taken(await enter(client, course.pathway))
    assert (first["user_id"], first["pathway_id"]) == (str(learner), course.pathway)
    assert (first["progress_percentage"], first["completed_at"]) == (0, None)
    second = taken(await enter(client, course.pathway))
    assert (second["id"], second["started_at"]) == (first["id"], first["started_at"])
    assert second["last_accessed_at"] > first["last_accessed_at"]


async def test_a_pathway_that_is_not_live_cannot_be_entered(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    assert refused(await enter(client, "no-such")) == (404, "pathway_not_found")
    await connection.execute("UPDATE pathways SET is_published = false")
    assert refused(await enter(client, course.pathway)) == (404, "pathway_not_found")


async def test_a_learner_says_where_they_stand_and_nothing_else(
    client: httpx.AsyncClient, course: Course
) -> None:
    path = f"{PROGRESS}/user/pathway/{course.pathway}"
    sent = {"current_module_id": course.second_module, "progress_percentage": 90}
    progress = taken(await client.put(path, json=sent))
    assert progress["current_module_id"] == course.second_module
    assert progress["progress_percentage"] == 0
    kept = taken(await client.put(path, json={"completed_modules": 7}))
    assert (kept["current_module_id"], kept["completed_modules"]) == (course.second_module, 0)


async def test_a_learner_stands_in_no_module_of_another_pathway(
    client: httpx.AsyncClient, course: Course
) -> None:
    path = f"{PROGRESS}/user/pathway/{course.pathway}"
    response = await client.put(path, json={"current_module_id": "no-such"})
    assert refused(response) == (404, "module_not_found")


async def test_handing_in_an_unfinished_module_names_what_is_missing(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await complete(client, course.video))
    response = await hand_in(client, course, course.module)
    assert refused(response) == (400, "module_not_finished")
    for title in ("Read", "Practise", "Quiz", "Build"):
        assert title in response.json()["detail"]
    assert "Watch" not in response.json()["detail"]


async def test_handing_in_a_module_of_another_pathway_is_not_found(
    client: httpx.AsyncClient, course: Course
) -> None:
    body = {"module_id": course.module, "pathway_id": "another"}
    response = await client.post(f"{PROGRESS}/modules/complete", json=body)
    assert refused(response) == (404, "module_not_found")


async def test_handing_in_a_module_that_stands_answers_the_standing_row(
    client: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    connection: Connection,
    make_submission: MakeSubmission,
) -> None:
    await connection.execute("UPDATE resources SET is_required = false WHERE type = 'quiz'")
    taken(await report(client, course.video, status="completed", time_spent_minutes=25))
    for resource in (course.article, course.exercise):
        taken(await complete(client, resource))
    await make_submission(learner, course.project)
    completion = taken(await hand_in(client, course, course.module, time_spent_minutes=99))
    assert (completion["approval_status"], completion["time_spent_minutes"]) == ("pending", 25)
    assert taken(await hand_in(client, course, course.module)) == completion
    listed = await client.get(f"{PROGRESS}/modules/completions")
    assert listed.json() == [completion]


async def test_a_module_with_nothing_required_is_handed_in_by_post(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    await connection.execute("UPDATE resources SET is_required = false")
    completion = taken(await hand_in(client, course, course.module, time_spent_minutes=12))
    assert (completion["approval_status"], completion["time_spent_minutes"]) == ("pending", 12)


async def test_minutes_of_a_module_are_a_whole_number_in_bounds(
    client: httpx.AsyncClient, course: Course
) -> None:
    for minutes in (-1, 100_001, 3_000_000_000, 1.5, True, "5"):
        response = await hand_in(client, course, course.module, time_spent_minutes=minutes)
        assert refused(response) == (422, "validation_error")


async def test_completions_are_listed_of_one_pathway_or_of_all(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await complete(client, course.last))
    path = f"{PROGRESS}/modules/completions"
    everything = (await client.get(path)).json()
    assert [one["module_id"] for one in everything] == [course.second_module]
    assert (await client.get(f"{path}?pathway_id={course.pathway}")).json() == everything
    assert (await client.get(f"{path}?pathway_id=another")).json() == []


async def test_an_explanation_names_every_resource_and_why_it_counts(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await complete(client, course.video))
    answer = taken(await client.get(f"{PROGRESS}/pathways/{course.pathway}/explain"))
    assert answer["progress_percentage"] == answer["stored_percentage"] == 10
    assert [one["resource_id"] for one in answer["modules"][0]["resources"]] == list(
        course.resources
    )
    assert all(one["reason"] for one in answer["modules"][0]["resources"])
    missing = await client.get(f"{PROGRESS}/pathways/no-such/explain")
    assert refused(missing) == (404, "pathway_not_found")
