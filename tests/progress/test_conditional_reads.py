"""ETag and 304: who has the newest answer is told so, and nobody is told so wrongly."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import httpx
import pytest

from aibc.app import create_app
from aibc.settings import Settings
from fixtures.application import SignIn, client_of, open_session
from fixtures.catalog import Connection, MakeSubmission, MakeUser
from progress.conftest import Course
from progress.learner_calls import complete, report, start, taken
from progress.shown_acts import CHANGES, SHIFTED_CLOCK

RESOURCES = "/api/v1/resources"
PROGRESS = "/api/v1/progress"


def paths(course: Course) -> list[str]:
    """Every read that carries a tag."""
    return [
        f"{RESOURCES}/pathways/{course.pathway}/resources",
        f"{RESOURCES}/modules/{course.module}/resources-with-progress",
        f"{RESOURCES}/users/me/resources/{course.project}/progress",
        f"{PROGRESS}/pathways/{course.pathway}",
        f"{PROGRESS}/user/summary",
        f"{PROGRESS}/user/dashboard",
        f"{PROGRESS}/user/dashboard-optimized",
        f"{PROGRESS}/achievements",
        f"{PROGRESS}/achievements/user",
        f"{PROGRESS}/streak",
        f"{PROGRESS}/pathways",
        f"{RESOURCES}/modules/{course.module}/resources",
    ]


async def read_all(client: httpx.AsyncClient, course: Course) -> dict[str, tuple[str, bytes]]:
    """Tag and bytes of every read."""
    answers = {path: await client.get(path) for path in paths(course)}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {path: (one.headers["etag"], one.content) for path, one in answers.items()}


@pytest.fixture
async def busy(
    client: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    connection: Connection,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> Course:
    """The course with a row of the learner in every table that a read shows."""
    for resource in (course.video, course.article, course.last):
        taken(await complete(client, resource))
    await connection.execute(
        """
        UPDATE resource_submissions
        SET submission_status = 'rejected', reviewed_by = $2, review_comments = 'Again.'
        WHERE id = $1
        """,
        await make_submission(learner, course.project),
        await make_user(role="instructor"),
    )
    await make_submission(learner, course.project, sha256=None)
    return course


async def test_who_has_the_newest_answer_gets_304_without_a_body(
    client: httpx.AsyncClient, busy: Course
) -> None:
    for path, (tag, body) in (await read_all(client, busy)).items():
        for known in (tag, f"W/{tag}", f'"other", {tag}', f'W/"a",W/{tag} , "b"', "*"):
            answer = await client.get(path, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b""), (path, known)
            assert answer.headers["etag"] == tag
            assert answer.headers["cache-control"] == "private, no-cache"
            assert answer.headers["vary"] == "Authorization, Origin"
            assert "content-type" not in answer.headers
        for known in ('"other"', "", tag.strip('"'), '"*"', f"{tag[:-1]}x{tag[-1]}"):
            answer = await client.get(path, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (200, body), (path, known)


async def test_a_head_request_tells_the_tag(client: httpx.AsyncClient, busy: Course) -> None:
    for path, (tag, _) in (await read_all(client, busy)).items():
        assert (await client.head(path)).headers["etag"] == tag
        assert (await client.head(path, headers={"If-None-Match": tag})).status_code == 304


async def test_a_tag_is_no_way_around_signing_in(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, busy: Course, connection: Connection
) -> None:
    tags = {path: tag for path, (tag, _) in (await read_all(client, busy)).items()}
    for path, tag in tags.items():
        assert (await anonymous.get(path, headers={"If-None-Match": tag})).status_code == 401
    await connection.execute("UPDATE users SET account_status = 'suspended'")
    for path, tag in tags.items():
        assert (await client.get(path, headers={"If-None-Match": tag})).status_code == 403
    await connection.execute("UPDATE sessions SET revoked_at = clock_timestamp()")
    for path, tag in tags.items():
        answer = await client.get(path, headers={"If-None-Match": tag})
        assert answer.status_code == 401
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


async def test_what_is_not_there_is_not_there_for_any_tag(
    client: httpx.AsyncClient, busy: Course, connection: Connection
) -> None:
    tags = {path: tag for path, (tag, _) in (await read_all(client, busy)).items()}
    await connection.execute("UPDATE pathways SET is_published = false")
    gone = [path for path in tags if "pathways/" in path or "resources" in path]
    assert len(gone) == 5
    for path in gone:
        for known in (tags[path], "*"):
            answer = await client.get(path, headers={"If-None-Match": known})
            assert answer.status_code == 404
            assert answer.headers["cache-control"] == "no-store"


async def test_no_two_people_and_no_two_reads_share_a_tag(
    client: httpx.AsyncClient, busy: Course, make_user: MakeUser, sign_in: SignIn
) -> None:
    another = await sign_in(await make_user())
    taken(await start(another, busy.project))
    of_both = [*(await read_all(client, busy)).values(), *(await read_all(another, busy)).values()]
    assert len({tag for tag, _ in of_both}) == len(of_both)


@pytest.mark.parametrize("change", CHANGES)
async def test_whatever_changes_the_bytes_changes_the_tag(
    database_url: str, settings: Settings, busy: Course, learner: UUID, change: str
) -> None:
    """Even the second time, on a database whose clock can be put forward."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(SHIFTED_CLOCK)
    await connection.close()
    connection = await asyncpg.connect(database_url)
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        await connection.execute("UPDATE sessions SET expires_at = 'infinity'")
        token = await open_session(connection, application, learner)
        await connection.execute("UPDATE sessions SET expires_at = 'infinity'")
        async with client_of(application, {"Authorization": f"Bearer {token}"}) as client:
            seen = [await read_all(client, busy)]
            for _ in range(3):
                await connection.execute(change, learner)
                seen.append(await read_all(client, busy))
    await connection.close()
    for path in paths(busy):
        tags_and_bytes = {one[path] for one in seen}
        assert len(tags_and_bytes) == len({tag for tag, _ in tags_and_bytes}), path
    assert len({tuple(one.values()) for one in seen}) > 1, "it changes nothing that is read"


@pytest.mark.parametrize(
    "table",
    [
        "resource_completions",
        "module_completions",
        "module_progress",
        "user_achievements",
        "achievements CASCADE",
        "user_streaks",
        "user_progress",
    ],
)
async def test_no_table_that_a_read_shows_can_be_emptied_at_a_stroke(
    connection: Connection, busy: Course, table: str
) -> None:
    with pytest.raises(asyncpg.PostgresError, match=r"Rows of \w+ are (kept|removed)"):
        await connection.execute(f"TRUNCATE {table}")


async def test_two_workers_agree_on_every_tag_and_see_each_change_at_once(
    settings: Settings,
    client: httpx.AsyncClient,
    busy: Course,
    learner: UUID,
    connection: Connection,
) -> None:
    other = create_app(settings)
    async with other.router.lifespan_context(other):
        token = await open_session(connection, other, learner)
        async with client_of(other, {"Authorization": f"Bearer {token}"}) as there:
            before = await read_all(client, busy)
            assert await read_all(there, busy) == before

            taken(await report(client, busy.exercise, time_spent_minutes=5))
            after_report = await read_all(there, busy)
            await connection.execute(
                "UPDATE resources SET title = 'Another' WHERE id = $1", busy.video
            )
            after_edit = await read_all(there, busy)
            await connection.execute("UPDATE users SET role = 'instructor' WHERE id = $1", learner)
            after_promotion = await read_all(there, busy)

            assert await read_all(client, busy) == after_promotion
    pathway = paths(busy)[0]
    stages = (before, after_report, after_edit, after_promotion)
    assert len({one[pathway] for one in stages}) == len({one[pathway][0] for one in stages}) == 4
    assert b"isCorrect" not in after_edit[pathway][1]
    assert b"isCorrect" in after_promotion[pathway][1]


async def test_every_other_answer_has_no_tag_and_is_not_kept(
    staff_client: httpx.AsyncClient, busy: Course
) -> None:
    for path in (
        f"{RESOURCES}/admin/submissions/pending",
        f"{PROGRESS}/modules/pending-reviews",
        f"{PROGRESS}/modules/completions",
        "/api/v1/users/me",
    ):
        answer = await staff_client.get(path)
        assert answer.status_code == 200
        assert "etag" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
