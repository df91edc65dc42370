"""The API description and the bytes that leave the service agree, field by field."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from pydantic import TypeAdapter

from aibc.app import Application
from aibc.progress.schemas import (
    Completion,
    CompletionWrite,
    ModuleResources,
    PathwayPage,
    ResourceWithProgress,
)
from fixtures.catalog import Connection, MakeSubmission, MakeUser
from progress.conftest import Course
from progress.learner_calls import OWN

READS: tuple[tuple[str, str, Any], ...] = (
    (
        "/api/v1/resources/pathways/{pathway_id}/resources",
        "/api/v1/resources/pathways/{course.pathway}/resources",
        list[ModuleResources],
    ),
    (
        "/api/v1/resources/modules/{module_id}/resources-with-progress",
        "/api/v1/resources/modules/{course.module}/resources-with-progress",
        list[ResourceWithProgress],
    ),
    (f"{OWN}/{{resource_id}}/progress", f"{OWN}/{{course.project}}/progress", Completion),
    (
        "/api/v1/progress/pathways/{slug}",
        "/api/v1/progress/pathways/{course.pathway}",
        PathwayPage,
    ),
)
WRITES: tuple[tuple[str, str, Any], ...] = (
    ("post", "start", Completion),
    ("put", "progress", CompletionWrite),
    ("post", "complete", CompletionWrite),
    ("delete", "complete", Completion),
)


def assert_same_fields(model: Any, body: bytes) -> None:
    """The model takes the bytes, and written again it has neither more nor fewer fields."""
    adapter = TypeAdapter(model)
    assert adapter.dump_python(adapter.validate_json(body), mode="json") == orjson.loads(body)


def described_schema(application: Application, method: str, path: str) -> dict[str, Any]:
    answers = application.openapi()["paths"][path][method]["responses"]
    schema: dict[str, Any] = answers["200"]["content"]["application/json"]["schema"]
    return schema


def reference(model: Any) -> dict[str, Any]:
    """How the description refers to the model; a list of models has a generated title too."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}


@pytest.fixture
async def touched(
    course: Course,
    client: httpx.AsyncClient,
    learner: UUID,
    connection: Connection,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> Course:
    """The course with something in every field that may hold something."""
    await client.put(
        f"{OWN}/{course.video}/progress",
        json={"notes": "n", "metadata": {"a": [1]}, "time_spent_minutes": 3, "status": "completed"},
    )
    rejected = await make_submission(learner, course.project, notes="First try")
    await connection.execute(
        """
        UPDATE resource_submissions
        SET submission_status = 'rejected', reviewed_by = $2, review_comments = 'Again.'
        WHERE id = $1
        """,
        rejected,
        await make_user(role="instructor"),
    )
    await make_submission(learner, course.project)
    await client.post(f"{OWN}/{course.last}/complete")
    return course


@pytest.mark.parametrize("read", READS, ids=[read[0] for read in READS])
async def test_what_a_hot_read_sends_is_what_is_described(
    read: tuple[str, str, Any], application: Application, client: httpx.AsyncClient, touched: Course
) -> None:
    template, path, model = read
    response = await client.get(path.format(course=touched))
    assert response.headers["content-type"] == "application/json"
    assert_same_fields(model, response.content)
    schema = described_schema(application, "get", template)
    if hasattr(model, "__args__"):
        assert schema["items"] == reference(model.__args__[0])
    else:
        assert schema == reference(model)


async def test_an_untouched_course_has_the_same_fields(
    client: httpx.AsyncClient, course: Course
) -> None:
    for _, path, model in (READS[0], READS[1], READS[3]):
        assert_same_fields(model, (await client.get(path.format(course=course))).content)


async def test_what_a_write_answers_is_what_is_described(
    application: Application, client: httpx.AsyncClient, course: Course
) -> None:
    for method, act, model in WRITES:
        path = f"{OWN}/{{resource_id}}/{act}"
        response = await client.request(method, path.format(resource_id=course.video), json={})
        assert_same_fields(model, response.content)
        assert described_schema(application, method, path) == reference(model)


async def test_both_ways_to_read_a_resource_show_the_catalogs_own_fields(
    client: httpx.AsyncClient, touched: Course
) -> None:
    plain = await client.get(f"/api/v1/resources/modules/{touched.module}/resources")
    joined = await client.get(f"/api/v1/resources/modules/{touched.module}/resources-with-progress")
    own = ("completion", "submissions")
    assert plain.json() == [
        {name: value for name, value in resource.items() if name not in own}
        for resource in joined.json()
    ]
