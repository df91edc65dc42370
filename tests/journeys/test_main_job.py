"""The main job from the first door to the last figure, against the real service process.

A learner signs up, walks a pathway and hands in a real picture; an instructor rejects it with a
reason and passes the second one; after each step the module and the pathway say so exactly.
"""

from __future__ import annotations

import asyncio
import io
from typing import Any

import asyncpg
import httpx
import pytest
from PIL import Image

from fixtures.catalog import add_module, add_pathway, add_resource
from fixtures.people import PASSWORD, sign_up, tokens_of
from fixtures.server import LiveServer, real_settings

PATHWAY, FIRST, SECOND = "walk", "walk-first", "walk-second"
VIDEO, ARTICLE, EXERCISE, LAST = "walk-video", "walk-article", "walk-exercise", "walk-last"
RESOURCES = "/api/v1/resources"
MINE = f"{RESOURCES}/users/me/resources"


def picture(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
async def course(live_server: LiveServer) -> None:
    connection = await asyncpg.connect(live_server.database_url)
    await add_pathway(connection, PATHWAY, title="A walk")
    await add_module(connection, PATHWAY, FIRST, title="First steps")
    await add_module(connection, PATHWAY, SECOND, title="Further on")
    await add_resource(connection, FIRST, VIDEO, type="video")
    await add_resource(connection, FIRST, ARTICLE, type="article")
    await add_resource(
        connection,
        FIRST,
        EXERCISE,
        type="exercise",
        requires_upload=True,
        accepted_file_types=["image/png", "application/pdf"],
        max_file_size_mb=5,
    )
    await add_resource(connection, SECOND, LAST, type="article")
    await connection.close()


async def signed_in(api: httpx.AsyncClient, email: str) -> dict[str, str]:
    pair = await tokens_of(api, email)
    return {"Authorization": f"Bearer {pair['access_token']}"}


async def an_instructor(api: httpx.AsyncClient, server: LiveServer) -> dict[str, str]:
    await sign_up(api, "teacher@example.com")
    made = server.run("user", "role", "teacher@example.com", "instructor")
    assert made.returncode == 0, made.stderr
    return await signed_in(api, "teacher@example.com")


class Learner:
    """What the learner does, and what the pathway shows them."""

    def __init__(self, api: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.api, self.headers = api, headers

    async def get(self, path: str) -> Any:
        response = await self.api.get(path, headers=self.headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def call(self, method: str, path: str, **body: Any) -> Any:
        response = await self.api.request(method, path, headers=self.headers, **body)
        assert response.status_code == 200, response.text
        return response.json()

    async def hand_in(self, content: bytes, name: str = "Mein Bild.png") -> Any:
        files = {"file": (name, content, "image/png")}
        return await self.call("POST", f"{MINE}/{EXERCISE}/upload", files=files)

    async def figures(self) -> tuple[int, list[tuple[int, bool, str | None]], str | None]:
        """The pathway's percentage, each module's, and the next module."""
        page = await self.get(f"/api/v1/progress/pathways/{PATHWAY}")
        modules = [
            (module["progress_percentage"], module["completed"], module["approval_status"])
            for module in page["modules"]
        ]
        following = page["next_module"]
        return page["progress"]["progress_percentage"], modules, following and following["id"]


UNTOUCHED = (0, False, None)


@pytest.mark.usefixtures("course")
async def test_a_learner_walks_a_pathway_hands_in_and_is_reviewed(
    api: httpx.AsyncClient, live_server: LiveServer
) -> None:
    await sign_up(api, "learner@example.com", PASSWORD)
    learner = Learner(api, await signed_in(api, "learner@example.com"))
    teacher = await an_instructor(api, live_server)
    assert await learner.figures() == (0, [UNTOUCHED, UNTOUCHED], FIRST)

    started = await learner.call("POST", f"{MINE}/{VIDEO}/start")
    assert (started["status"], started["progress_percentage"]) == ("in_progress", 0)
    halfway = await learner.call(
        "PUT",
        f"{MINE}/{VIDEO}/progress",
        json={"progress_percentage": 50, "time_spent_minutes": 4},
    )
    assert (halfway["status"], halfway["module_progress"]) == ("in_progress", 0)
    done = await learner.call("POST", f"{MINE}/{VIDEO}/complete")
    assert (done["status"], done["module_progress"], done["pathway_progress"]) == (
        "completed",
        33,
        16,
    )
    await learner.call("PUT", f"{MINE}/{ARTICLE}/progress", json={"status": "completed"})
    assert await learner.figures() == (33, [(66, False, None), UNTOUCHED], FIRST)

    first = picture("tomato")
    handed_in = await learner.hand_in(first)
    assert (handed_in["resource_status"], handed_in["file_name"]) == ("submitted", "Mein Bild.png")
    assert await learner.figures() == (33, [(66, True, "pending"), UNTOUCHED], FIRST)

    pending = (await api.get(f"{RESOURCES}/admin/submissions/pending", headers=teacher)).json()
    waiting = [item for item in pending["submissions"] if item["resource_id"] == EXERCISE]
    assert pending["total_pending"] == len(waiting) == 1
    assert waiting[0]["user_email"] == "learner@example.com"
    submission = waiting[0]["id"]

    link = (
        await api.get(f"{RESOURCES}/users/me/submissions/download/{submission}", headers=teacher)
    ).json()
    download = await api.get(link["signed_url"].replace("localhost", "127.0.0.1"))
    assert download.content == first
    assert download.headers["content-disposition"].startswith("attachment")

    verdict = {
        "submission_status": "rejected",
        "grade": "fail",
        "review_comments": "Please use your own colours.",
    }
    review = f"{RESOURCES}/admin/submissions/{submission}/review"
    forbidden = await api.post(review, headers=learner.headers, json=verdict)
    assert forbidden.status_code == 403
    rejected = await api.post(review, headers=teacher, json=verdict)
    assert rejected.status_code == 200, rejected.text
    assert await learner.figures() == (33, [(66, True, "rejected"), UNTOUCHED], FIRST)
    page = await learner.get(f"/api/v1/progress/pathways/{PATHWAY}")
    assert page["modules"][0]["review_comments"] == "Please use your own colours."

    await learner.hand_in(picture("steelblue"))
    assert await learner.figures() == (33, [(66, True, "pending"), UNTOUCHED], FIRST)
    mine = await learner.get(f"{MINE}/{EXERCISE}/submissions")
    assert [(one["attempt"], one["submission_status"]) for one in mine] == [
        (2, "uploaded"),
        (1, "rejected"),
    ]
    passed = await api.post(
        f"{RESOURCES}/admin/submissions/{mine[0]['id']}/review",
        headers=teacher,
        json={"submission_status": "approved", "grade": "pass"},
    )
    assert passed.status_code == 200, passed.text
    assert await learner.figures() == (50, [(100, True, "approved"), UNTOUCHED], SECOND)

    last = await learner.call("POST", f"{MINE}/{LAST}/complete")
    assert (last["module_completed"], last["pathway_progress"]) == (True, 100)
    complete = [(100, True, "approved"), (100, True, "approved")]
    assert await learner.figures() == (100, complete, None)
    progress = (await learner.get(f"/api/v1/progress/pathways/{PATHWAY}"))["progress"]
    assert (progress["completed_modules"], progress["total_time_spent_minutes"]) == (2, 4)
    assert progress["completed_at"] is not None


async def test_three_workers_give_the_answers_of_one(database_url: str, make_server: Any) -> None:
    server = make_server(**real_settings(database_url), WORKERS="3").start()
    connection = await asyncpg.connect(database_url)
    pathway = await add_pathway(connection)
    module = await add_module(connection, pathway)
    videos = [await add_resource(connection, module, type="video") for _ in range(30)]
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as api:
        await sign_up(api, "worker@example.com")
        headers = await signed_in(api, "worker@example.com")
        learner = Learner(api, headers)
        await asyncio.gather(
            *(learner.call("POST", f"{MINE}/{video}/complete") for video in videos)
        )
        await add_resource(connection, module, type="article")
        pages = await asyncio.gather(
            *(learner.get(f"/api/v1/progress/pathways/{pathway}") for _ in range(20))
        )
        lists = await asyncio.gather(
            *(learner.get(f"{RESOURCES}/pathways/{pathway}/resources") for _ in range(20))
        )
    await connection.close()
    assert {page["progress"]["progress_percentage"] for page in pages} == {96}
    assert {len(modules[0]["resources"]) for modules in lists} == {31}
