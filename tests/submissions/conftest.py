"""One learner with something to hand in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from aibc.settings import Settings
from fixtures.application import SignIn
from fixtures.catalog import MakeSlug, MakeUser


@dataclass(frozen=True)
class Course:
    """A module with an exercise and a project to hand in, and an article to read."""

    pathway: str
    module: str
    exercise: str
    project: str
    article: str


@pytest.fixture
async def course(make_pathway: MakeSlug, make_module: MakeSlug, make_resource: MakeSlug) -> Course:
    pathway = await make_pathway()
    module = await make_module(pathway)
    return Course(
        pathway=pathway,
        module=module,
        exercise=await make_resource(module, type="exercise", requires_upload=True),
        project=await make_resource(module, type="project", requires_upload=True),
        article=await make_resource(module, type="article"),
    )


@pytest.fixture
async def learner(make_user: MakeUser) -> UUID:
    return await make_user()


@pytest.fixture
async def client(learner: UUID, sign_in: SignIn) -> httpx.AsyncClient:
    """The learner, signed in."""
    return await sign_in(learner)


@pytest.fixture
async def other_client(make_user: MakeUser, sign_in: SignIn) -> httpx.AsyncClient:
    """Another learner, signed in."""
    return await sign_in(await make_user())


@pytest.fixture
async def staff_client(make_user: MakeUser, sign_in: SignIn) -> httpx.AsyncClient:
    """An instructor, signed in."""
    return await sign_in(await make_user(role="instructor", full_name="Grace Teacher"))


@pytest.fixture
def storage(settings: Settings) -> Path:
    """Where this test's files lie."""
    return settings.storage.local_directory
