"""Finishing a direct upload again with the same Idempotency-Key is answered letter for letter."""

from __future__ import annotations

import asyncio

import httpx

from fixtures.catalog import Connection
from fixtures.problems import assert_problem
from submissions.calls import PNG, hand_in, own_submissions, upload_states, withdraw
from submissions.conftest import Course
from submissions.direct_calls import begun, finish, send

KEY = "finish-it"


async def test_the_answer_stays_what_it_was(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    upload = await begun(client, course.exercise)
    await send(anonymous, upload)
    first = await finish(client, upload["upload_id"], key=KEY, notes="Mine.")
    assert first.status_code == 200
    await withdraw(client, first.json()["submission_id"])
    again = await finish(client, upload["upload_id"], key=KEY, notes="Mine.")
    assert (again.status_code, again.content) == (200, first.content)
    # Without the key it is told how things stand.
    assert "withdrawn" in (await finish(client, upload["upload_id"])).json()["message"]


async def test_a_file_that_has_not_arrived_does_not_use_the_key_up(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    upload = await begun(client, course.exercise)
    answer = await finish(client, upload["upload_id"], key=KEY)
    assert_problem(answer, 409, "file_not_arrived")
    await send(anonymous, upload)
    assert (await finish(client, upload["upload_id"], key=KEY)).status_code == 200


async def test_a_refused_file_stays_refused_with_the_first_sentence(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    upload = await begun(client, course.exercise)
    await send(anonymous, upload, b"<" * len(PNG))
    first = await finish(client, upload["upload_id"], key=KEY)
    assert_problem(first, 415, "type_not_accepted")
    again = await finish(client, upload["upload_id"], key=KEY)
    assert assert_problem(again, 415, "type_not_accepted")["detail"] == first.json()["detail"]
    assert_problem(await finish(client, upload["upload_id"]), 409, "upload_over")
    assert await upload_states(connection) == ["refused"]


async def test_another_upload_or_other_notes_are_another_request(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    one, two = await begun(client, course.exercise), await begun(client, course.exercise)
    for upload in (one, two):
        await send(anonymous, upload)
    assert (await finish(client, one["upload_id"], key=KEY, notes="Mine.")).status_code == 200
    for answer in (
        await finish(client, two["upload_id"], key=KEY, notes="Mine."),
        await finish(client, one["upload_id"], key=KEY),
    ):
        assert_problem(answer, 422, "idempotency_key_reused")
    assert len(await own_submissions(client, course.exercise)) == 1


async def test_many_at_once_make_one_submission(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    upload = await begun(client, course.exercise)
    await send(anonymous, upload)
    answers = await asyncio.gather(
        *(finish(client, upload["upload_id"], key=KEY) for _ in range(20))
    )
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len(await own_submissions(client, course.exercise)) == 1


async def test_both_routes_may_use_the_same_key(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    assert (await hand_in(client, course.exercise, key=KEY)).status_code == 200
    upload = await begun(client, course.exercise)
    await send(anonymous, upload)
    assert (await finish(client, upload["upload_id"], key=KEY)).status_code == 200


async def test_an_upload_finished_without_a_key_is_answered_with_one(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    upload = await begun(client, course.exercise)
    await send(anonymous, upload)
    receipt = await finish(client, upload["upload_id"])
    answers = [await finish(client, upload["upload_id"], key=KEY) for _ in range(2)]
    assert [answer.content for answer in answers] == [receipt.content] * 2


async def test_a_strangers_or_an_unknown_upload_uses_no_key_up(
    client: httpx.AsyncClient, other_client: httpx.AsyncClient, course: Course
) -> None:
    upload = await begun(client, course.exercise)
    answer = await finish(other_client, upload["upload_id"], key=KEY)
    assert_problem(answer, 404, "upload_not_found")
    other = await hand_in(other_client, course.exercise, key=KEY)
    assert other.status_code == 200


async def test_what_is_no_key_is_refused(client: httpx.AsyncClient, course: Course) -> None:
    upload = await begun(client, course.exercise)
    answer = await finish(client, upload["upload_id"], key="two words")
    assert_problem(answer, 422, "idempotency_key_invalid")
