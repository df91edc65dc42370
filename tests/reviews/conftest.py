"""One submission that waits, and people who may decide on it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from fixtures.application import SignIn
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
    pathway = await make_pathway()
    module = await make_module(pathway)
    return Course(
        pathway=pathway,
        module=module,
        exercise=await make_resource(module, type="exercise", requires_upload=True),
        project=await make_resource(module, type="project", requires_upload=True),
    )


@pytest.fixture
async def learner(make_user: MakeUser) -> UUID:
    return await make_user(full_name="Lin Learner", email="lin@example.com")


@pytest.fixture
async def client(learner: UUID, sign_in: SignIn) -> httpx.AsyncClient:
    """The learner, signed in."""
    return await sign_in(learner)


@pytest.fixture
async def submission(learner: UUID, course: Course, make_submission: MakeSubmission) -> UUID:
    return await make_submission(learner, course.exercise)


@pytest.fixture
async def instructor(make_user: MakeUser) -> UUID:
    return await make_user(role="instructor", full_name="Grace Teacher")


@pytest.fixture
async def reviewer(instructor: UUID, sign_in: SignIn) -> httpx.AsyncClient:
    """An instructor, signed in."""
    return await sign_in(instructor)


@pytest.fixture
async def colleague(make_user: MakeUser, sign_in: SignIn) -> httpx.AsyncClient:
    """Another instructor, signed in."""
    return await sign_in(await make_user(role="instructor", full_name="Hedy Colleague"))


@pytest.fixture
async def admin(make_user: MakeUser, sign_in: SignIn) -> httpx.AsyncClient:
    """An administrator, signed in."""
    return await sign_in(await make_user(role="admin", full_name="Ada Admin"))
