"""One learner and one small pathway that most tests of progress need."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from aibc.app import Application
from fixtures.application import SignIn
from fixtures.catalog import MakeSlug, MakeUser

QUIZ = {
    "title": "Check yourself",
    "questions": [
        {
            "id": "q1",
            "type": "true-false",
            "question": "Is water wet?",
            "options": [
                {"id": "a", "text": "Yes", "isCorrect": True},
                {"id": "b", "text": "No", "isCorrect": False},
            ],
            "explanation": "It is.",
        }
    ],
}


@dataclass(frozen=True)
class Course:
    """A pathway of two modules; the first holds one resource of each kind."""

    pathway: str
    module: str
    second_module: str
    video: str
    article: str
    exercise: str
    quiz: str
    project: str
    last: str

    @property
    def resources(self) -> tuple[str, ...]:
        """Those of the first module, in order."""
        return self.video, self.article, self.exercise, self.quiz, self.project


@pytest.fixture
async def course(make_pathway: MakeSlug, make_module: MakeSlug, make_resource: MakeSlug) -> Course:
    pathway = await make_pathway()
    module = await make_module(pathway, title="First")
    second_module = await make_module(pathway, title="Second")
    return Course(
        pathway=pathway,
        module=module,
        second_module=second_module,
        video=await make_resource(module, type="video", title="Watch"),
        article=await make_resource(module, type="article", title="Read"),
        exercise=await make_resource(module, type="exercise", title="Practise"),
        quiz=await make_resource(module, type="quiz", title="Quiz", metadata=QUIZ),
        project=await make_resource(module, type="project", title="Build", requires_upload=True),
        last=await make_resource(second_module, type="video", title="Goodbye"),
    )


@pytest.fixture
async def learner(make_user: MakeUser) -> UUID:
    return await make_user()


@pytest.fixture
async def client(learner: UUID, sign_in: SignIn) -> httpx.AsyncClient:
    """The learner, signed in."""
    return await sign_in(learner)


@pytest.fixture
async def staff_client(make_user: MakeUser, sign_in: SignIn) -> httpx.AsyncClient:
    """An instructor, signed in."""
    return await sign_in(await make_user(role="instructor", full_name="Grace Teacher"))


@pytest.fixture
async def client_graded_client(
    learner: UUID, sign_in: SignIn, client_graded_application: Application
) -> httpx.AsyncClient:
    """The learner at a service that leaves the grading of quizzes to its client."""
    return await sign_in(learner, client_graded_application)
