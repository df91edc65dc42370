"""A queue with something in it, and the browsers of people who may decide on it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from fixtures.browsers import Visit
from fixtures.catalog import MakeSlug, MakeSubmission, MakeUser


@dataclass(frozen=True)
class Course:
    """A pathway whose one module has an exercise and a project to hand in."""

    pathway: str
    module: str
    exercise: str
    project: str


@pytest.fixture
async def course(make_pathway: MakeSlug, make_module: MakeSlug, make_resource: MakeSlug) -> Course:
    pathway = await make_pathway(title="Prompting")
    module = await make_module(pathway, title="First words")
    return Course(
        pathway=pathway,
        module=module,
        exercise=await make_resource(
            module, type="exercise", title="Five versions", requires_upload=True
        ),
        project=await make_resource(
            module, type="project", title="A template", requires_upload=True
        ),
    )


@pytest.fixture
async def learner(make_user: MakeUser) -> UUID:
    return await make_user(full_name="Lin Learner", email="lin@example.com")


@pytest.fixture
async def submission(learner: UUID, course: Course, make_submission: MakeSubmission) -> UUID:
    return await make_submission(learner, course.exercise, notes="Is <b>this</b> fine?")


@pytest.fixture
async def instructor(make_user: MakeUser) -> UUID:
    return await make_user(role="instructor", full_name="Grace Teacher")


@pytest.fixture
async def grace(instructor: UUID, visit: Visit) -> httpx.AsyncClient:
    """The browser of an instructor."""
    return await visit(instructor)


@pytest.fixture
async def hedy(make_user: MakeUser, visit: Visit) -> httpx.AsyncClient:
    """The browser of another instructor."""
    return await visit(await make_user(role="instructor", full_name="Hedy Colleague"))


@pytest.fixture
async def ada(make_user: MakeUser, visit: Visit) -> httpx.AsyncClient:
    """The browser of an administrator."""
    return await visit(await make_user(role="admin", full_name="Ada Admin"))
