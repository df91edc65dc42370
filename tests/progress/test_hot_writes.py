"""Hot writes judge before they write, and answer as every route does."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from aibc.accounts.actors import Learner, judge
from aibc.app import Application
from aibc.http.access import Caller
from aibc.http.hot_writes import HotWrites
from fixtures.application import SignIn, client_of
from fixtures.catalog import Connection, MakeUser
from fixtures.problems import assert_problem
from progress.conftest import Course
from progress.learner_calls import complete, refused, report, start

ACTS = {"start": start, "report": report, "complete": complete}
SIGN_OUT = "UPDATE sessions SET revoked_at = clock_timestamp() WHERE user_id = $1"
LET_EXPIRE = "UPDATE sessions SET expires_at = clock_timestamp() WHERE user_id = $1"
SUSPEND = "UPDATE users SET account_status = 'suspended' WHERE id = $1"


@pytest.mark.parametrize("act", list(ACTS))
@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (SIGN_OUT, (401, "session_ended")),
        (LET_EXPIRE, (401, "session_ended")),
        (SUSPEND, (403, "account_suspended")),
    ],
)
async def test_who_may_not_call_any_more_writes_nothing(
    client: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    connection: Connection,
    act: str,
    change: str,
    refusal: tuple[int, str],
) -> None:
    await connection.execute(change, learner)
    assert refused(await ACTS[act](client, course.video)) == refusal
    assert await connection.fetchval("SELECT count(*) FROM resource_completions") == 0
    assert await connection.fetchval("SELECT count(*) FROM user_progress") == 0


async def test_who_may_not_call_hears_nothing_of_what_is_wrong_with_the_body(
    client: httpx.AsyncClient, course: Course, learner: UUID, connection: Connection
) -> None:
    assert refused(await report(client, course.video, status="done")) == (422, "validation_error")
    await connection.execute(SUSPEND, learner)
    refusal = await report(client, course.video, status="done")
    assert refused(refusal) == (403, "account_suspended")


@pytest.mark.parametrize("act", list(ACTS))
async def test_nobody_writes_without_a_token(
    application: Application, course: Course, act: str
) -> None:
    async with client_of(application) as stranger:
        assert_problem(await ACTS[act](stranger, course.video), 401, "sign_in_required")


@pytest.mark.parametrize(
    ("content", "media_type", "answer"),
    [
        (b"", "application/json", (422, "validation_error")),
        (b"null", "application/json", (422, "validation_error")),
        (b"{", "application/json", (422, "malformed_body")),
        (b"\xff", "application/json", (422, "malformed_body")),
        (b"[" * 100_000, "application/json", (422, "malformed_body")),
        (b"{}", "text/plain", (415, "unsupported_media_type")),
        (b"{}", "", (415, "unsupported_media_type")),
    ],
)
async def test_a_body_that_is_not_the_json_it_should_be_is_refused(
    client: httpx.AsyncClient,
    course: Course,
    content: bytes,
    media_type: str,
    answer: tuple[int, str],
) -> None:
    response = await client.put(
        f"/api/v1/resources/users/me/resources/{course.video}/progress",
        content=content,
        headers={"Content-Type": media_type} if media_type else {},
    )
    assert refused(response) == answer


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "application/x+json"])
async def test_json_by_another_name_is_taken(
    client: httpx.AsyncClient, course: Course, media_type: str
) -> None:
    response = await client.put(
        f"/api/v1/resources/users/me/resources/{course.video}/progress",
        content=b'{"progress_percentage": 12}',
        headers={"Content-Type": media_type},
    )
    assert response.json()["progress_percentage"] == 12


async def test_a_start_needs_no_body(client: httpx.AsyncClient, course: Course) -> None:
    path = f"/api/v1/resources/users/me/resources/{course.video}/start"
    for content in (b"", b"null", b"{}"):
        sent = await client.post(
            path, content=content, headers={"Content-Type": "application/json"}
        )
        assert sent.status_code == 200


async def test_a_hot_write_that_judges_nobody_sends_nothing(
    application: Application, sign_in: SignIn, make_user: MakeUser
) -> None:
    hot = HotWrites("/api/v1/test", ["test"], judge)

    @hot.add("POST", "/forgetful", actor=Learner, response_model=str, summary="Forgetful")
    async def forgetful(_: Request, __: Caller) -> Response:
        return Response("private")

    application.router.routes.extend(hot.routes())
    response = await (await sign_in(await make_user())).post("/api/v1/test/forgetful")
    assert_problem(response, 500, "internal_error")
    assert "private" not in response.text


def test_a_hot_write_without_an_actor_cannot_be_declared() -> None:
    hot = HotWrites("/api", ["test"], judge)
    with pytest.raises(TypeError, match="actor"):
        hot.add("POST", "/forgotten", actor=str, response_model=str, summary="Forgotten")


def test_a_hot_write_is_described_with_its_body(application: Application) -> None:
    paths: dict[str, Any] = application.openapi()["paths"]
    own = paths["/api/v1/resources/users/me/resources/{resource_id}/progress"]["put"]
    assert own["operationId"] == "report_progress"
    assert own["requestBody"] == {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ReportRequest"}}},
        "required": True,
    }
    starting = paths["/api/v1/resources/users/me/resources/{resource_id}/start"]["post"]
    assert "required" not in starting["requestBody"]
    completing = paths["/api/v1/resources/users/me/resources/{resource_id}/complete"]["post"]
    assert "requestBody" not in completing
