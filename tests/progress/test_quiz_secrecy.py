"""Nothing that a learner can call gives a quiz's key away: every answer is searched for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeSlug, MakeSubmission, MakeUser
from progress.conftest import Course
from progress.learner_calls import start, taken
from progress.quiz_calls import ALL_RIGHT, ALL_WRONG, attempt, four_questions, past_attempts

SENTINEL = "Parallelepiped"
KEY_NAMES = ("isCorrect", "is_correct", "correct_option_ids", "correct_questions")
# What a learner reads all day: the crawl must have got an answer from these.
MUST_ANSWER = {
    "/api/v1/resources/pathways/{pathway_id}/resources",
    "/api/v1/resources/modules/{module_id}/resources",
    "/api/v1/resources/modules/{module_id}/resources-with-progress",
    "/api/v1/resources/users/me/resources/{resource_id}/progress",
    "/api/v1/resources/users/me/resources/{resource_id}/quiz/attempts",
    "/api/v1/progress/pathways/{slug}",
}


def planted(**more: Any) -> dict[str, Any]:
    """A quiz with the sentinel wherever an author could write an answer down."""
    quiz = four_questions(answerKey=SENTINEL, notes={"key": SENTINEL}, **more)
    for question in quiz["questions"]:
        question |= {"explanation": SENTINEL, "hint": SENTINEL, "solution": [SENTINEL]}
        for option in question["options"]:
            option["rationale"] = SENTINEL
    return quiz


@pytest.fixture
async def quizzes(course: Course, make_resource: MakeSlug) -> list[str]:
    """Graded here without and with a limit, never touched, and graded by the client."""
    metadata = (
        planted(),
        planted(maxAttempts=1000),
        planted(passingScore=100),
        planted(grading="client"),
    )
    return [await make_resource(course.module, type="quiz", metadata=one) for one in metadata]


@pytest.fixture
async def places(
    course: Course,
    quizzes: list[str],
    learner: UUID,
    client: httpx.AsyncClient,
    make_submission: MakeSubmission,
) -> dict[str, list[str]]:
    """What to put in place of each parameter of a path or query."""
    for quiz in quizzes[:2]:
        await attempt(client, quiz, ALL_WRONG)
    for quiz in quizzes:
        taken(await start(client, quiz))
    submission = await make_submission(learner, course.project)
    return {
        "pathway_id": [course.pathway],
        "slug": [course.pathway],
        "module_id": [course.module],
        "resource_id": [*quizzes, course.project],
        "submission_id": [str(submission)],
        "user_id": [str(learner)],
    }


class Operation:
    """One operation of the API description, and requests that try it."""

    def __init__(
        self, document: dict[str, Any], path: str, method: str, places: dict[str, list[str]]
    ) -> None:
        self.path, self.method = path, method
        self._schemas = document["components"]["schemas"]
        self._described = document["paths"][path][method]
        self._places = places

    def requests(self) -> Iterator[dict[str, Any]]:
        """Arguments of `client.request`: one for each choice of the path's parameters."""
        parameters = self._described.get("parameters", [])
        names = [one["name"] for one in parameters if one["in"] == "path"]
        query = {
            one["name"]: self._choices(one["name"])[0]
            for one in parameters
            if one["in"] == "query" and one.get("required")
        }
        for chosen in itertools.product(*map(self._choices, names)):
            url = self.path.format(**dict(zip(names, chosen, strict=True)))
            yield {"method": self.method, "url": url, "params": query, **self._body()}

    def _choices(self, name: str) -> list[str]:
        return self._places.get(name) or [str(uuid4())]

    def _body(self) -> dict[str, Any]:
        content = self._described.get("requestBody", {}).get("content", {})
        for kind, described in content.items():
            if kind == "multipart/form-data":
                return {"files": {"file": ("notes.txt", b"Notes", "text/plain")}}
            example = self._example(described["schema"])
            if kind == "application/json":
                return {"json": example}
            if kind == "application/x-www-form-urlencoded":
                return {"data": example}
            return {"content": b"Notes", "headers": {"Content-Type": kind}}
        return {}

    def _example(self, schema: dict[str, Any]) -> Any:
        if "$ref" in schema:
            return self._example(self._schemas[schema["$ref"].rpartition("/")[2]])
        if schema.get("examples"):
            return schema["examples"][0]
        if "anyOf" in schema:
            return self._example(schema["anyOf"][0])
        if "enum" in schema or "const" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        if schema.get("type") == "object":
            return {name: self._example(one) for name, one in schema.get("properties", {}).items()}
        plain = {"integer": 1, "number": 1, "boolean": True, "array": []}
        return plain.get(schema.get("type", ""), "text")


async def crawl(client: httpx.AsyncClient, places: dict[str, list[str]]) -> dict[str, str]:
    """Call everything, reads before and after writes; the text of all answers by path."""
    document = (await client.get("/openapi.json")).json()
    operations = [
        Operation(document, path, method, places)
        for path, methods in document["paths"].items()
        for method in methods
    ]
    reads = [one for one in operations if one.method == "get"]
    writes = [one for one in operations if one.method != "get"]
    answered: set[str] = set()
    found: dict[str, str] = {}
    for operation in [*reads, *writes, *reads]:
        for arguments in operation.requests():
            response = await client.request(**arguments)
            answered |= {operation.path} if response.status_code == 200 else set()
            found[operation.path] = found.get(operation.path, "") + response.text
    assert answered >= MUST_ANSWER
    # Nothing on the way has ended the session, which would have made the rest of it easy.
    assert (await client.get("/api/v1/users/me")).status_code == 200
    return found


async def test_no_answer_to_a_learner_holds_the_key_before_a_pass(
    client: httpx.AsyncClient, places: dict[str, list[str]], connection: Connection
) -> None:
    answers = await crawl(client, places)
    assert len(answers) > 20
    assert [path for path, text in answers.items() if SENTINEL in text] == []
    # The API description names the fields; nothing else may.
    named = {
        path
        for path, text in answers.items()
        if any(name in text for name in KEY_NAMES) and "json" not in path and "docs" not in path
    }
    assert named == set()
    assert not await connection.fetchval("SELECT bool_or(passed) FROM quiz_standings")


async def test_refusals_and_odd_answers_hold_no_key_either(
    client: httpx.AsyncClient, quizzes: list[str]
) -> None:
    for quiz in quizzes:
        for answers in ({"q1": "z"}, {"q9": "a"}, {"q1": ["a"]}, {"q1": 1}, {}, ALL_WRONG):
            text = (await attempt(client, quiz, answers)).text
            assert SENTINEL not in text
            assert not any(name in text for name in KEY_NAMES)


async def test_a_pass_opens_that_quiz_alone_and_its_explanations_only(
    client: httpx.AsyncClient, quizzes: list[str], course: Course
) -> None:
    passed = await attempt(client, quizzes[0], ALL_RIGHT)
    assert SENTINEL in passed.text
    assert "correct_option_ids" in passed.text
    text = (await attempt(client, quizzes[1], ALL_WRONG)).text
    assert SENTINEL not in text
    for path in (
        f"/api/v1/resources/modules/{course.module}/resources",
        f"/api/v1/resources/pathways/{course.pathway}/resources",
    ):
        text = (await client.get(path)).text
        assert SENTINEL not in text
        assert "isCorrect" not in text
    shown = await past_attempts(client, quizzes[0])
    assert set(shown[0]["results"][0]) == {
        "question_id",
        "correct",
        "correct_option_ids",
        "explanation",
    }


@pytest.mark.parametrize("role", ["instructor", "admin"])
async def test_staff_read_the_whole_quiz(
    course: Course, quizzes: list[str], make_user: MakeUser, sign_in: SignIn, role: str
) -> None:
    staff = await sign_in(await make_user(role=role))
    read = await staff.get(f"/api/v1/resources/modules/{course.module}/resources")
    by_id = {resource["id"]: resource for resource in read.json()}
    assert by_id[quizzes[0]]["metadata"] == planted()
