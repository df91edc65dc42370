"""Direct uploads, each rule on the local disk and in a bucket alike."""

from __future__ import annotations

import asyncio
import hashlib
import re
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from aibc.app import Application
from aibc.settings import DatabaseSettings, Settings, load_settings
from aibc.submissions.sample import HEAD_BYTES, TAIL_BYTES
from aibc.submissions.sweep import sweep
from fixtures.catalog import Connection
from storage.contract import checksum
from submissions.calls import (
    API,
    PNG,
    download_link,
    hand_in,
    own_submissions,
    upload_states,
)
from submissions.conftest import Course
from submissions.direct_calls import begin, begun, finish, send

HTML = b"<!doctype html><script>alert(1)</script>" + b" " * 100


@pytest.fixture(params=["disk", "bucket"])
def settings(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings, tmp_path: Path
) -> Settings:
    loaded = load_settings({"AIBC_DATA_DIR": str(tmp_path / "data"), "LOG_LEVEL": "error"})
    if request.param == "bucket":
        loaded = replace(loaded, storage=request.getfixturevalue("bucket_settings"))
    return replace(loaded, database=database_settings)


async def test_a_file_sent_directly_becomes_a_submission(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course, settings: Settings
) -> None:
    upload = await begun(client, course.exercise, name="Café & co.png")
    assert upload["method"] == "PUT"
    assert (await send(anonymous, upload)).status_code == 200
    assert await own_submissions(client, course.exercise) == []
    answer = await finish(client, upload["upload_id"], notes="see the sky")
    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert receipt["file_name"] == "Café & co.png"
    assert (receipt["file_size_bytes"], receipt["file_type"]) == (len(PNG), "image/png")
    assert (receipt["submission_status"], receipt["resource_status"]) == ("uploaded", "submitted")
    # Nobody read all the bytes of a file that went straight to a bucket.
    digest = hashlib.sha256(PNG).hexdigest()
    assert receipt["sha256"] == (digest if settings.storage.is_local else None)
    (submission,) = await own_submissions(client, course.exercise)
    assert (submission["crc32c"], submission["notes"]) == (checksum(PNG), "see the sky")
    assert submission["gcs_url"].endswith("_Cafe-co.png")


async def test_what_was_sent_comes_back_under_its_own_name(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course, settings: Settings
) -> None:
    upload = await begun(client, course.exercise, name="Grüße.png")
    await send(anonymous, upload)
    receipt = (await finish(client, upload["upload_id"])).json()
    url = (await download_link(client, receipt["submission_id"])).json()["signed_url"]
    if settings.storage.is_local:
        fetched = await anonymous.get(re.sub("^http://[^/]+", "", url))
    else:
        async with httpx.AsyncClient() as browser:
            fetched = await browser.get(url)
    assert fetched.content == PNG
    assert fetched.headers["Content-Type"] == "image/png"
    disposition = fetched.headers["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    assert "filename*=UTF-8''Gr%C3%BC%C3%9Fe.png" in disposition


async def test_the_headers_to_send_are_those_a_browser_may_set(
    client: httpx.AsyncClient, course: Course
) -> None:
    upload = await begun(client, course.exercise)
    names = {name.lower() for name in upload["headers"]}
    assert "content-type" in names
    assert not names & {"content-length", "host", "authorization", "origin"}
    preflight = await client.options(
        "/files/uploads/x",
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": ",".join(names),
        },
    )
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert names <= set(allowed)


async def test_a_place_is_told_with_its_end_and_the_limits(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    response = await begin(client, course.exercise)
    assert response.headers["RateLimit-Remaining"] == "9"
    seconds = await connection.fetchval(
        "SELECT extract(epoch FROM $1::timestamptz - clock_timestamp())",
        datetime.fromisoformat(response.json()["expires_at"]),
    )
    assert 3580 < seconds <= 3600


@pytest.mark.parametrize("content", [PNG[:-1], PNG + b"x", b""])
async def test_bytes_of_another_size_are_refused_and_the_place_is_kept(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course, content: bytes
) -> None:
    upload = await begun(client, course.exercise)
    assert (await send(anonymous, upload, content)).status_code in (400, 422)
    assert (await finish(client, upload["upload_id"])).json()["code"] == "file_not_arrived"
    assert (await send(anonymous, upload)).status_code == 200
    assert (await finish(client, upload["upload_id"])).status_code == 200


async def test_altered_headers_are_refused_and_the_place_is_kept(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    upload = await begun(client, course.exercise)
    for headers in ({**upload["headers"], "Content-Type": "text/html"}, {}):
        answer = await send(anonymous, upload, headers=headers)
        assert answer.status_code in (400, 403, 422)
    assert (await send(anonymous, upload)).status_code == 200
    assert (await finish(client, upload["upload_id"])).status_code == 200


async def test_a_file_is_written_once(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    upload = await begun(client, course.exercise)
    assert (await send(anonymous, upload)).status_code == 200
    other = PNG[:-1] + bytes([PNG[-1] ^ 1])
    assert (await send(anonymous, upload, other)).status_code == 412
    assert (await finish(client, upload["upload_id"])).status_code == 200
    assert (await own_submissions(client, course.exercise))[0]["crc32c"] == checksum(PNG)


async def test_finishing_again_and_at_once_answers_the_same_submission(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    upload = await begun(client, course.exercise)
    await send(anonymous, upload)
    answers = await asyncio.gather(*(finish(client, upload["upload_id"]) for _ in range(5)))
    answers.append(await finish(client, upload["upload_id"]))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["submission_id"] for answer in answers}) == 1
    assert len(await own_submissions(client, course.exercise)) == 1


async def test_what_is_not_what_it_says_is_refused_and_hidden(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    course: Course,
    connection: Connection,
) -> None:
    upload = await begun(client, course.exercise, len(HTML))
    assert (await send(anonymous, upload, HTML)).status_code == 200
    answer = await finish(client, upload["upload_id"])
    assert (answer.status_code, answer.json()["code"]) == (415, "type_not_accepted")
    assert "an HTML page" in answer.json()["detail"]
    assert await own_submissions(client, course.exercise) == []
    assert await upload_states(connection) == ["refused"]
    again = await finish(client, upload["upload_id"])
    assert (again.status_code, again.json()["code"]) == (409, "upload_over")


@pytest.mark.parametrize(("place", "status"), [(None, 200), (HEAD_BYTES + 1000, 415)])
async def test_text_is_read_whole_because_one_zero_byte_means_that_it_is_none(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    course: Course,
    place: int | None,
    status: int,
) -> None:
    content = bytearray(b"a line of text\n" * 40_000)
    if place is not None:
        content[place] = 0
    upload = await begun(client, course.exercise, len(content), name="a.txt", declared="text/plain")
    await send(anonymous, upload, bytes(content))
    assert (await finish(client, upload["upload_id"])).status_code == status


async def test_a_large_archive_is_told_by_its_start_and_its_end(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data.bin", bytes(range(256)) * 8000)
    content = (tmp_path / "a.zip").read_bytes()
    assert len(content) > HEAD_BYTES + TAIL_BYTES
    for name, status in (("a.zip", 200), ("a.docx", 415)):
        upload = await begun(client, course.exercise, len(content), name=name, declared="")
        await send(anonymous, upload, content)
        assert (await finish(client, upload["upload_id"])).status_code == status


async def test_an_upload_of_somebody_else_is_as_if_there_were_none(
    client: httpx.AsyncClient,
    other_client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    course: Course,
) -> None:
    upload = await begun(client, course.exercise)
    await send(anonymous, upload)
    answers = [await finish(other_client, upload["upload_id"]), await finish(client, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert (await finish(client, upload["upload_id"])).status_code == 200


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"size": 0}, 413, "file_empty"),
        ({"size": 50 * 1024**2 + 1}, 413, "file_too_large"),
        ({"name": "virus.exe"}, 415, "type_not_accepted"),
        ({"declared": "text/html"}, 415, "type_not_accepted"),
        ({"name": "noextension"}, 415, "extension_missing"),
        ({"name": "x" * 300 + ".png"}, 422, "file_name_too_long"),
        ({"name": "nul\0.png"}, 422, "validation_error"),
        ({"size": -1}, 422, "validation_error"),
    ],
)
async def test_what_would_be_refused_is_refused_before_its_bytes(
    client: httpx.AsyncClient, course: Course, given: dict[str, object], status: int, code: str
) -> None:
    answer = await begin(client, course.exercise, **given)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_resources_that_take_files_begin_uploads(
    client: httpx.AsyncClient, course: Course
) -> None:
    assert (await begin(client, course.article)).status_code == 400
    assert (await begin(client, "nowhere")).status_code == 404


async def test_direct_and_other_uploads_share_one_exact_limit(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    async def directly() -> int:
        answer = await begin(client, course.project)
        if answer.status_code != 200:
            return answer.status_code
        await send(anonymous, answer.json())
        return (await finish(client, answer.json()["upload_id"])).status_code

    async def through_the_service() -> int:
        return (await hand_in(client, course.exercise)).status_code

    calls = [call() for _ in range(25) for call in (directly, through_the_service)]
    assert Counter(await asyncio.gather(*calls)) == {200: 10, 429: 40}
    assert await connection.fetchval("SELECT count(*) FROM resource_submissions") == 10


async def test_a_reservation_counts_until_it_is_swept(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    course: Course,
    connection: Connection,
    application: Application,
) -> None:
    uploads = [await begun(client, course.exercise) for _ in range(10)]
    assert (await begin(client, course.exercise)).status_code == 429
    await connection.execute("UPDATE uploads SET expires_at = clock_timestamp()")
    state = application.state.aibc
    await sweep(state.database, state.store)  # or the service itself, should it be just at it
    assert await upload_states(connection) == ["abandoned"] * 10
    assert (await begin(client, course.exercise)).status_code == 200
    answer = await finish(client, uploads[0]["upload_id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_over")


async def test_an_upload_that_came_too_late_stays_hidden(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    staff_client: httpx.AsyncClient,
    course: Course,
) -> None:
    late = await begun(client, course.exercise)
    await send(anonymous, late)
    handed = (await hand_in(client, course.exercise)).json()
    passed = await staff_client.post(
        f"{API}/admin/submissions/{handed['submission_id']}/review",
        json={"submission_status": "approved", "grade": "pass"},
    )
    assert passed.status_code == 200, passed.text
    answer = await finish(client, late["upload_id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "already_passed")
    assert len(await own_submissions(client, course.exercise)) == 1
