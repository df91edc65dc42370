"""An upload that is sent again with its Idempotency-Key is done once and answered twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import httpx
import pytest

from aibc.app import Application
from aibc.submissions import idempotency
from aibc.submissions.sweep import sweep
from fixtures.catalog import Connection
from fixtures.problems import assert_problem
from submissions.calls import (
    PNG,
    hand_in,
    own_submissions,
    send_body,
    stored_files,
    upload_states,
)
from submissions.conftest import Course
from submissions.forms import BOUNDARY, field, form
from submissions.samples import image
from submissions.test_limits import past_uploads
from submissions.waiting import until

KEY = "one-and-the-same"
BODY = form(field("file", PNG + bytes(600_000), b"work.png", "image/png"))


class PausedBody:
    """A form whose second half waits until it is let go."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield BODY[: len(BODY) // 2]
        self.begun.set()
        await self.go_on.wait()
        yield BODY[len(BODY) // 2 :]


def keyed(key: str = KEY) -> list[tuple[str, str]]:
    return [("Idempotency-Key", key)]


async def kept_keys(connection: Connection) -> int:
    number: int = await connection.fetchval("SELECT count(*) FROM idempotency_keys")
    return number


class TestARepeat:
    async def test_is_answered_letter_for_letter_and_does_nothing(
        self, client: httpx.AsyncClient, course: Course, storage: Path, connection: Connection
    ) -> None:
        first = await hand_in(client, course.exercise, notes="Mine.", key=KEY)
        again = [await hand_in(client, course.exercise, notes="Mine.", key=KEY) for _ in range(3)]
        assert first.status_code == 200
        assert {(r.status_code, r.content) for r in again} == {(200, first.content)}
        assert len(await own_submissions(client, course.exercise)) == 1
        assert len(stored_files(storage)) == 1
        assert await upload_states(connection) == ["finalised"]

    async def test_tells_what_was_said_even_when_things_have_moved_on(
        self, client: httpx.AsyncClient, course: Course
    ) -> None:
        first = await hand_in(client, course.exercise, key=KEY)
        assert (await hand_in(client, course.exercise, key="another")).status_code == 200
        again = await hand_in(client, course.exercise, key=KEY)
        assert again.json()["submission_status"] == "uploaded"
        assert again.content == first.content

    async def test_is_not_kept_from_its_answer_by_a_limit(
        self, client: httpx.AsyncClient, course: Course
    ) -> None:
        answers = [await hand_in(client, course.exercise, key=f"key-{n}") for n in range(10)]
        assert_problem(await hand_in(client, course.exercise), 429, "upload_limit_reached")
        again = await hand_in(client, course.exercise, key="key-4")
        assert again.content == answers[4].content

    async def test_with_another_boundary_is_the_same_request(
        self, client: httpx.AsyncClient, course: Course
    ) -> None:
        first = await send_body(client, course.exercise, BODY, headers=keyed())
        other = BODY.replace(BOUNDARY.encode(), b"a-longer-one-than-before")
        again = await send_body(
            client,
            course.exercise,
            other,
            "multipart/form-data; boundary=a-longer-one-than-before",
            headers=keyed(),
        )
        assert (again.status_code, again.content) == (200, first.content)

    async def test_that_is_another_request_is_refused(
        self, client: httpx.AsyncClient, course: Course
    ) -> None:
        assert (await hand_in(client, course.exercise, notes="Mine.", key=KEY)).status_code == 200
        others = [
            await hand_in(client, course.project, notes="Mine.", key=KEY),
            await hand_in(client, course.exercise, notes="Not mine.", key=KEY),
            await hand_in(client, course.exercise, notes="Mine.", name="other.png", key=KEY),
            await hand_in(client, course.exercise, image("PNG", 2), notes="Mine.", key=KEY),
            await hand_in(client, course.exercise, PNG[:-1] + b"!", notes="Mine.", key=KEY),
        ]
        for answer in others:
            assert_problem(answer, 422, "idempotency_key_reused")
        assert len(await own_submissions(client, course.exercise)) == 1
        assert await own_submissions(client, course.project) == []

    async def test_while_the_first_runs_is_told_to_wait(
        self, client: httpx.AsyncClient, course: Course, connection: Connection
    ) -> None:
        body = PausedBody()
        sending = asyncio.create_task(
            send_body(client, course.exercise, aiter(body), headers=keyed())
        )
        await body.begun.wait()

        async def taken() -> bool:
            return await kept_keys(connection) == 1

        await until(taken)
        meanwhile = await send_body(client, course.exercise, BODY, headers=keyed())
        problem = assert_problem(meanwhile, 409, "request_in_progress")
        assert "Idempotency-Key" in problem["detail"]
        assert int(meanwhile.headers["retry-after"]) > 0
        body.go_on.set()
        first = await sending
        assert first.status_code == 200
        again = await send_body(client, course.exercise, BODY, headers=keyed())
        assert again.content == first.content

    async def test_fifty_at_once_make_one_submission(
        self, client: httpx.AsyncClient, course: Course, storage: Path
    ) -> None:
        answers = await asyncio.gather(
            *(hand_in(client, course.exercise, key=KEY) for _ in range(50))
        )
        done = {answer.content for answer in answers if answer.status_code == 200}
        assert len(done) == 1
        for answer in answers:
            if answer.status_code != 200:
                assert_problem(answer, 409, "request_in_progress")
        assert len(await own_submissions(client, course.exercise)) == 1
        assert len(stored_files(storage)) == 1

    async def test_of_a_refused_file_is_refused_likewise_and_counted_once(
        self, client: httpx.AsyncClient, course: Course, connection: Connection
    ) -> None:
        first = await hand_in(client, course.exercise, b"<html>", key=KEY)
        assert_problem(first, 415, "type_not_accepted")
        again = await hand_in(client, course.exercise, b"<html>", key=KEY)
        problem = assert_problem(again, 415, "type_not_accepted")
        assert problem["detail"] == first.json()["detail"]
        assert await upload_states(connection) == ["refused"]
        other = await hand_in(client, course.exercise, name="better.png", key=KEY)
        assert_problem(other, 422, "idempotency_key_reused")


class TestAKeyIsFreeAgain:
    async def test_after_answers_that_changed_nothing(
        self,
        client: httpx.AsyncClient,
        course: Course,
        connection: Connection,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        assert_problem(await hand_in(client, course.article, key=KEY), 400, "upload_not_accepted")
        assert_problem(await hand_in(client, "nowhere", key=KEY), 404, "resource_not_found")
        full = SimpleNamespace(f_bavail=0, f_blocks=10**9, f_frsize=4096)
        with monkeypatch.context() as patch:
            patch.setattr("os.statvfs", lambda _: full)
            answer = await hand_in(client, course.exercise, key=KEY)
            assert_problem(answer, 503, "storage_full")
        cut = await send_body(client, course.exercise, BODY[:-10], headers=keyed())
        assert_problem(cut, 422, "upload_incomplete")
        assert await kept_keys(connection) == 0
        assert (await hand_in(client, course.exercise, key=KEY)).status_code == 200

    async def test_after_a_limit(
        self, client: httpx.AsyncClient, course: Course, connection: Connection, learner: UUID
    ) -> None:
        receipt = (await hand_in(client, course.project)).json()
        await past_uploads(connection, learner, UUID(receipt["submission_id"]), number=9)
        answer = await hand_in(client, course.exercise, key=KEY)
        assert_problem(answer, 429, "upload_limit_reached")
        await connection.execute("UPDATE uploads SET settled_at = settled_at - interval '1 hour'")
        assert (await hand_in(client, course.exercise, key=KEY)).status_code == 200

    async def test_after_a_cancelled_request(
        self, client: httpx.AsyncClient, course: Course, connection: Connection
    ) -> None:
        body = PausedBody()
        sending = asyncio.create_task(
            send_body(client, course.exercise, aiter(body), headers=keyed())
        )
        await body.begun.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert await kept_keys(connection) == 0
        answer = await send_body(client, course.exercise, BODY, headers=keyed())
        assert answer.status_code == 200
        assert await upload_states(connection) == ["abandoned", "finalised"]

    async def test_when_its_request_fell_silent(
        self, client: httpx.AsyncClient, course: Course, connection: Connection, learner: UUID
    ) -> None:
        await crashed(connection, learner, course.exercise)
        answer = await hand_in(client, course.exercise, key=KEY)
        assert_problem(answer, 409, "request_in_progress")
        await connection.execute("UPDATE idempotency_keys SET leased_until = clock_timestamp()")
        assert (await hand_in(client, course.exercise, key=KEY)).status_code == 200
        assert await upload_states(connection) == ["abandoned", "finalised"]

    async def test_after_a_day_swept_or_not(
        self,
        application: Application,
        client: httpx.AsyncClient,
        course: Course,
        connection: Connection,
    ) -> None:
        for swept in (True, False):
            assert (await hand_in(client, course.exercise, key=KEY)).status_code == 200
            await connection.execute(
                "UPDATE idempotency_keys SET expires_at = expires_at - interval '24 hours'"
            )
            if swept:
                await sweep(application.state.aibc.database, application.state.aibc.store)
                assert await kept_keys(connection) == 0
        assert (await hand_in(client, course.project, key=KEY)).status_code == 200
        assert len(await own_submissions(client, course.exercise)) == 2


async def crashed(connection: Connection, learner: UUID, resource: str) -> None:
    """What a request with the key leaves when its process is killed in mid-upload."""
    await connection.execute(
        """
        WITH claimed AS (
            INSERT INTO uploads (user_id, resource_id, transport, reserved_bytes, expires_at)
            VALUES ($1, $2, 'multipart', 1, clock_timestamp() + interval '1 hour') RETURNING id)
        INSERT INTO idempotency_keys
            (user_id, route, key, target, holder, leased_until, upload_id, expires_at)
        SELECT $1, 'upload', $3, $2, $4, clock_timestamp() + interval '20 seconds', id,
               clock_timestamp() + interval '1 day' FROM claimed
        """,
        learner,
        resource,
        KEY,
        uuid4(),
    )


async def test_an_answer_nobody_could_keep_is_made_anew(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    """Killed after the submission was made: the key still leads to it."""
    first = await hand_in(client, course.exercise, key=KEY)
    await connection.execute(
        "UPDATE idempotency_keys SET answer = NULL, answer_status = NULL, leased_until = now()"
    )
    again = await hand_in(client, course.exercise, key=KEY)
    assert (again.status_code, again.content) == (200, first.content)
    assert len(await own_submissions(client, course.exercise)) == 1


async def test_a_request_so_slow_that_its_key_was_taken_makes_no_second_submission(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    body = PausedBody()
    slow = asyncio.create_task(send_body(client, course.exercise, aiter(body), headers=keyed()))
    await body.begun.wait()

    async def claimed() -> bool:
        row = await connection.fetchrow("SELECT upload_id FROM idempotency_keys")
        return row is not None and row["upload_id"] is not None

    await until(claimed)
    await connection.execute("UPDATE idempotency_keys SET leased_until = clock_timestamp()")
    quick = await send_body(client, course.exercise, BODY, headers=keyed())
    assert quick.status_code == 200
    body.go_on.set()
    assert_problem(await slow, 409, "upload_over")
    (only,) = await own_submissions(client, course.exercise)
    assert only["id"] == quick.json()["submission_id"]
    again = await send_body(client, course.exercise, BODY, headers=keyed())
    assert again.content == quick.content


async def test_a_running_request_renews_its_lease(
    client: httpx.AsyncClient,
    course: Course,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(idempotency, "RENEWAL_SECONDS", 0.02)
    monkeypatch.setattr(idempotency, "LEASE", timedelta(minutes=7))
    body = PausedBody()
    sending = asyncio.create_task(send_body(client, course.exercise, aiter(body), headers=keyed()))
    await body.begun.wait()

    async def renewed() -> bool:
        left = "SELECT extract(epoch FROM leased_until - clock_timestamp()) FROM idempotency_keys"
        return bool(await connection.fetchval(left) > 360)

    await until(renewed)
    await connection.execute("UPDATE idempotency_keys SET leased_until = clock_timestamp()")
    await until(renewed)
    body.go_on.set()
    assert (await sending).status_code == 200


async def test_a_key_belongs_to_its_learner(
    client: httpx.AsyncClient, other_client: httpx.AsyncClient, course: Course
) -> None:
    mine = await hand_in(client, course.exercise, key=KEY)
    theirs = await hand_in(other_client, course.exercise, key=KEY)
    assert (mine.status_code, theirs.status_code) == (200, 200)
    assert mine.json()["submission_id"] != theirs.json()["submission_id"]


@pytest.mark.parametrize(
    "keys", [[""], ["two words"], ["x" * 256], ["clé"], ["tab\t"], ["one", "two"]]
)
async def test_what_is_no_key_is_refused(
    client: httpx.AsyncClient, course: Course, connection: Connection, keys: list[str]
) -> None:
    headers = [(name, value) for key in keys for name, value in keyed(key)]
    answer = await send_body(
        client,
        course.exercise,
        BODY,
        headers=[(name, value.encode("latin-1")) for name, value in headers],  # type: ignore[misc]
    )
    problem = assert_problem(answer, 422, "idempotency_key_invalid")
    assert problem["errors"][0]["field"] == "Idempotency-Key"
    assert await upload_states(connection) == []


@pytest.mark.parametrize("key", ["!", "~" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
async def test_any_visible_ascii_is_a_key(
    client: httpx.AsyncClient, course: Course, key: str
) -> None:
    first = await hand_in(client, course.exercise, key=key)
    again = await hand_in(client, course.exercise, key=key)
    assert first.status_code == 200
    assert again.content == first.content
