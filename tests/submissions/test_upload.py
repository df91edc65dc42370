"""Handing in a file: what is taken, what is refused, and what either leaves behind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from aibc.settings import MEBIBYTE
from fixtures.catalog import Connection, MakeSlug
from fixtures.problems import assert_problem
from submissions.calls import (
    API,
    PNG,
    hand_in,
    handed_in,
    own_submissions,
    send_body,
    send_form,
    stored_files,
    upload_states,
)
from submissions.conftest import Course
from submissions.forms import BOUNDARY, arriving, field, form
from submissions.samples import pdf, program

HTML = b"<!doctype html><script>alert(1)</script>"


async def test_a_file_becomes_a_submission_and_the_receipt_says_so(
    client: httpx.AsyncClient, learner: UUID, course: Course, storage: Path
) -> None:
    response = await hand_in(client, course.exercise, notes="My first try.\r\nBe kind.")

    assert response.status_code == 200
    receipt = response.json()
    key = (
        rf"pathways/{course.pathway}/users/{learner}/resources/{course.exercise}"
        r"/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_work\.png"
    )
    assert re.fullmatch(f"local://{key}", receipt["gcs_url"])
    assert {
        "resource_id": course.exercise,
        "attempt": 1,
        "file_name": "work.png",
        "file_size_bytes": len(PNG),
        "file_type": "image/png",
        "sha256": hashlib.sha256(PNG).hexdigest(),
        "submission_status": "uploaded",
        "resource_status": "submitted",
        "message": "“work.png” is handed in and waits for review.",
    }.items() <= receipt.items()
    assert response.headers["ratelimit-limit"] == "10"
    assert response.headers["ratelimit-remaining"] == "9"
    assert int(response.headers["ratelimit-reset"]) > 0

    (submission,) = await own_submissions(client, course.exercise)
    assert submission["id"] == receipt["submission_id"]
    assert submission["notes"] == "My first try.\nBe kind."
    (file,) = stored_files(storage)
    assert str(file.relative_to(storage)) == receipt["gcs_url"].removeprefix("local://")
    assert file.read_bytes() == PNG


async def test_the_module_and_the_completion_move_with_it(
    client: httpx.AsyncClient, course: Course
) -> None:
    await handed_in(client, course.exercise)
    record = (await client.get(f"{API}/users/me/resources/{course.exercise}/progress")).json()
    assert record["status"] == "submitted"
    assert record["progress_percentage"] == 100
    assert record["submission_count"] == 1
    assert record["completed_at"] is None


@pytest.mark.parametrize("missing", ["unknown", "unpublished"])
async def test_what_is_not_there_takes_no_file(
    client: httpx.AsyncClient, course: Course, make_resource: MakeSlug, missing: str
) -> None:
    resource = "no-such-resource"
    if missing == "unpublished":
        resource = await make_resource(
            course.module, type="project", requires_upload=True, is_published=False
        )
    assert_problem(await hand_in(client, resource), 404, "resource_not_found")


async def test_a_resource_that_takes_no_files_says_what_to_do_instead(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    problem = assert_problem(await hand_in(client, course.article), 400, "upload_not_accepted")
    assert problem["detail"] == "This article takes no files: report it as completed instead."
    assert await upload_states(connection) == []


async def test_a_file_of_exactly_the_limit_is_taken(
    client: httpx.AsyncClient, course: Course, make_resource: MakeSlug
) -> None:
    resource = await make_resource(
        course.module, type="project", requires_upload=True, max_file_size_mb=1
    )
    receipt = await handed_in(
        client, resource, content=b"a" * MEBIBYTE, name="a.txt", declared="text/plain"
    )
    assert receipt["file_size_bytes"] == MEBIBYTE


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("excess", [1, 3 * MEBIBYTE])
async def test_one_byte_more_than_the_limit_is_not(
    client: httpx.AsyncClient,
    connection: Connection,
    course: Course,
    make_resource: MakeSlug,
    storage: Path,
    announced: bool,
    excess: int,
) -> None:
    resource = await make_resource(
        course.module, type="project", requires_upload=True, max_file_size_mb=1
    )
    body = form(field("file", b"a" * (MEBIBYTE + excess), b"a.txt", "text/plain"))
    response = await send_body(client, resource, body if announced else arriving(body, 50_000))
    problem = assert_problem(response, 413, "file_too_large")
    assert "larger than the 1 MB" in problem["detail"]
    assert stored_files(storage) == []
    assert await upload_states(connection) == ["refused"]


REFUSED_FILES = {
    "HTML named as an image": ("work.png", HTML, "image/png", 415, "type_not_accepted"),
    "a program named as a PDF": ("work.pdf", program("windows"), "", 415, "type_not_accepted"),
    "a declared type that disagrees": ("work.png", PNG, "text/html", 415, "type_not_accepted"),
    "HTML": ("page.html", HTML, "text/html", 415, "type_not_accepted"),
    "SVG": ("art.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "", 415, "type_not_accepted"),
    "a name that reads backwards": ("inv\u202efdp.exe", pdf(), "", 415, "type_not_accepted"),
    "no extension": ("work", PNG, "image/png", 415, "extension_missing"),
    "no bytes": ("work.png", b"", "image/png", 413, "file_empty"),
    "a name of 600 characters": ("a" * 596 + ".png", PNG, "", 422, "file_name_too_long"),
    "no name": ("..", PNG, "image/png", 422, "file_name_missing"),
}


@pytest.mark.parametrize("case", REFUSED_FILES)
async def test_a_refused_file_gets_a_sentence_and_leaves_nothing(
    client: httpx.AsyncClient, connection: Connection, course: Course, storage: Path, case: str
) -> None:
    name, content, declared, status, code = REFUSED_FILES[case]
    response = await hand_in(client, course.exercise, content, name=name, declared=declared)
    assert_problem(response, status, code)
    assert stored_files(storage) == []
    assert await own_submissions(client, course.exercise) == []
    assert await upload_states(connection) == ["refused"]
    assert await connection.fetchval("SELECT refusal_code FROM uploads") == code
    progress = await client.get(f"{API}/users/me/resources/{course.exercise}/progress")
    assert_problem(progress, 404, "not_started")


FILE = field("file", PNG, b"work.png", "image/png")
LONG_HEADER = b"\r\nX-Note: " + b"x" * 20_000
REFUSED_FORMS = {
    "two files": ([FILE, FILE], "too_many_files"),
    "another field": ([field("upload", PNG, b"work.png", "image/png")], "file_missing"),
    "a file without a name": ([field("file", PNG)], "file_missing"),
    "no file": ([field("notes", b"nothing else")], "file_missing"),
    "too many notes": ([FILE, field("notes", b"n" * 5001)], "notes_too_long"),
    "a NUL in the notes": ([FILE, field("notes", b"a\0b")], "form_malformed"),
    "a name that is no text": ([field("file", PNG, b"\xff\xfe.png")], "file_name_not_text"),
    "headers of 20 KB": ([field("file", PNG, b"a.png", None, LONG_HEADER)], "form_malformed"),
}


@pytest.mark.parametrize("case", REFUSED_FORMS)
async def test_a_form_that_is_not_one_file_is_refused_whole(
    client: httpx.AsyncClient, course: Course, storage: Path, case: str
) -> None:
    parts, code = REFUSED_FORMS[case]
    assert_problem(await send_form(client, course.exercise, *parts), 422, code)
    assert stored_files(storage) == []
    assert await own_submissions(client, course.exercise) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/json", b"{}"), ("application/x-www-form-urlencoded", b"file=x"), ("", b"")],
)
async def test_anything_but_a_form_is_told_what_to_send(
    client: httpx.AsyncClient, course: Course, content_type: str, body: bytes
) -> None:
    response = await send_body(client, course.exercise, body, content_type)
    assert_problem(response, 415, "form_expected")


async def test_a_nul_in_a_name_is_dropped_like_every_character_nobody_sees(
    client: httpx.AsyncClient, course: Course
) -> None:
    part = field("file", PNG, b"wo\0rk\xe2\x80\xae.png", "image/png")
    response = await send_form(client, course.exercise, part)
    assert response.status_code == 200
    assert response.json()["file_name"] == "work.png"


async def test_a_form_that_ends_early_is_no_refused_file(
    client: httpx.AsyncClient, connection: Connection, course: Course, storage: Path
) -> None:
    cut = form(field("file", PNG, b"work.png", "image/png"))[:-10]
    response = await send_body(client, course.exercise, cut)
    assert_problem(response, 422, "upload_incomplete")
    assert stored_files(storage) == []
    assert await upload_states(connection) == ["abandoned"]


async def test_a_directory_in_the_name_leads_nowhere(
    client: httpx.AsyncClient, course: Course, storage: Path
) -> None:
    for name in ("../../../escape.png", "..\\..\\escape.png", "/etc/escape.png", "C:\\escape.png"):
        receipt = await handed_in(client, course.exercise, name=name)
        assert receipt["file_name"] == "escape.png"
    assert all(storage / "pathways" in file.parents for file in stored_files(storage))
    assert list(storage.parent.parent.rglob("escape.png")) == []


async def test_files_of_one_name_in_one_second_get_keys_of_their_own(
    client: httpx.AsyncClient, course: Course, storage: Path
) -> None:
    receipts = [await handed_in(client, course.exercise) for _ in range(4)]
    assert len({receipt["gcs_url"] for receipt in receipts}) == 4
    assert len(stored_files(storage)) == 4


async def test_a_resource_that_names_a_type_takes_that_type_alone(
    client: httpx.AsyncClient, course: Course, make_resource: MakeSlug
) -> None:
    images_only = await make_resource(
        course.module, type="project", requires_upload=True, accepted_file_types=["image/*"]
    )
    receipt = await handed_in(client, images_only, declared="application/octet-stream")
    assert receipt["file_type"] == "image/png"
    response = await hand_in(client, images_only, pdf(), name="work.pdf", declared="")
    problem = assert_problem(response, 415, "type_not_accepted")
    assert ".png" in problem["detail"]


async def test_an_upload_without_a_token_is_refused_before_its_body(
    anonymous: httpx.AsyncClient, course: Course
) -> None:
    asked_for = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked_for
        for piece in (form(FILE), b"never asked for"):
            asked_for += 1
            yield piece

    response = await send_body(anonymous, course.exercise, body())
    assert_problem(response, 401, "sign_in_required")
    assert asked_for == 0


async def test_the_description_names_the_form_without_reading_it_for_us(
    anonymous: httpx.AsyncClient,
) -> None:
    document = (await anonymous.get("/openapi.json")).json()
    operation = document["paths"][f"{API}/users/me/resources/{{resource_id}}/upload"]["post"]
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert schema["required"] == ["file"]
    assert schema["properties"]["file"]["format"] == "binary"
    assert schema["properties"]["notes"]["type"] == "string"
    assert {"400", "401", "404", "409", "413", "415", "422", "429"} <= set(operation["responses"])
    assert BOUNDARY not in str(operation)
