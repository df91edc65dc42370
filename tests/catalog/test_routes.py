"""The catalog over HTTP: live things alone, no answers for learners."""

from __future__ import annotations

import httpx
import pytest
from pydantic import TypeAdapter

from aibc.catalog.importer import import_documents
from aibc.catalog.schemas import PathwaySummary, Resource
from aibc.database.pool import Database
from catalog.building import ANSWER, module, pathway, quiz, video
from fixtures.application import SignIn
from fixtures.catalog import MakeUser
from fixtures.problems import assert_problem

PATHWAYS = "/api/v1/progress/pathways"
MODULES = "/api/v1/resources/modules"
CATALOG = [
    pathway("two", order_index=2),
    pathway(
        "one",
        module("a", video("a-r1"), quiz("a-r2"), video("a-r3", is_published=False)),
        module("hidden", video("hidden-r1"), is_published=False),
        description="First of all.",
    ),
    pathway("draft", module("c", video("c-r1")), is_published=False),
]


@pytest.fixture(autouse=True)
async def imported(database: Database) -> None:
    await import_documents(database, CATALOG)


@pytest.fixture
async def client(make_user: MakeUser, sign_in: SignIn) -> httpx.AsyncClient:
    """A learner, signed in."""
    return await sign_in(await make_user())


@pytest.fixture
async def instructor(make_user: MakeUser, sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in(await make_user(role="instructor"))


async def test_pathways_are_listed_in_their_order(client: httpx.AsyncClient) -> None:
    response = await client.get(PATHWAYS)
    assert response.status_code == 200
    first, second = response.json()
    assert {key: value for key, value in first.items() if not key.endswith("_at")} == {
        "id": "one",
        "slug": "one",
        "title": "One",
        "short_title": "one",
        "instructor": "Ada Example",
        "description": "First of all.",
        "color": "from-sky-500 to-blue-600",
        "accent": "#1b78bb",
        "order_index": 1,
        "total_modules": 1,
    }
    assert first["created_at"].endswith("Z")
    assert (second["id"], second["total_modules"]) == ("two", 0)


async def test_the_bytes_fit_the_models_that_describe_them(client: httpx.AsyncClient) -> None:
    pathways = (await client.get(PATHWAYS)).json()
    resources = (await client.get(f"{MODULES}/a/resources")).json()
    TypeAdapter(list[PathwaySummary]).validate_python(pathways)
    TypeAdapter(list[Resource]).validate_python(resources)
    assert {*pathways[0]} == {*PathwaySummary.model_fields}
    assert all({*one} == {*Resource.model_fields} for one in resources)


async def test_a_learner_reads_the_live_resources_of_a_module_without_answers(
    client: httpx.AsyncClient,
) -> None:
    response = await client.get(f"{MODULES}/a/resources")
    assert [one["id"] for one in response.json()] == ["a-r1", "a-r2"]
    assert response.json()[1]["metadata"]["questions"][0]["question"] == "Which one?"
    for hidden in (ANSWER, "isCorrect", "explanation"):
        assert hidden not in response.text


async def test_an_instructor_reads_the_answers_but_also_only_what_is_live(
    instructor: httpx.AsyncClient,
) -> None:
    response = await instructor.get(f"{MODULES}/a/resources")
    assert [one["id"] for one in response.json()] == ["a-r1", "a-r2"]
    assert response.json()[1]["metadata"]["questions"][0]["explanation"] == ANSWER


@pytest.mark.parametrize("module_id", ["unknown", "hidden", "c"])
async def test_a_module_that_is_not_live_is_not_found(
    client: httpx.AsyncClient, instructor: httpx.AsyncClient, module_id: str
) -> None:
    for caller in (client, instructor):
        response = await caller.get(f"{MODULES}/{module_id}/resources")
        assert_problem(response, 404, "module_not_found")


async def test_a_change_of_the_catalog_shows_in_the_next_answer(
    client: httpx.AsyncClient, database: Database
) -> None:
    assert len((await client.get(PATHWAYS)).json()) == 2
    await import_documents(database, [pathway("three", title="Third", order_index=3)])
    assert [one["title"] for one in (await client.get(PATHWAYS)).json()] == ["One", "Two", "Third"]


@pytest.mark.parametrize("path", [PATHWAYS, f"{MODULES}/a/resources"])
async def test_nobody_reads_without_signing_in(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, path: str
) -> None:
    assert_problem(await anonymous.get(path), 401, "sign_in_required")
    response = await client.get(path)
    assert response.headers["cache-control"] == "private, no-cache"
