"""Handing in a file from its page, withdrawing it, fetching it, and all of one's files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from fixtures.browsers import Visit, form_token, send_form
from fixtures.catalog import Connection, MakeSlug, MakeSubmission, MakeUser

OWN = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@dataclass(frozen=True)
class Desk:
    """A learner before an exercise that takes a file."""

    learner: UUID
    module: str
    resource: str
    browser: httpx.AsyncClient

    @property
    def page(self) -> str:
        return f"/resources/{self.resource}"

    async def token(self) -> str:
        return form_token(await self.browser.get(self.page))


@pytest.fixture
async def desk(
    visit: Visit,
    make_user: MakeUser,
    make_pathway: MakeSlug,
    make_module: MakeSlug,
    make_resource: MakeSlug,
) -> Desk:
    learner = await make_user()
    module = await make_module(await make_pathway())
    resource = await make_resource(
        module,
        type="exercise",
        title="Do me",
        requires_upload=True,
        accepted_file_types=["image/png", "text/plain"],
        max_file_size_mb=1,
    )
    return Desk(learner, module, resource, await visit(learner))


async def send_file(
    desk: Desk,
    content: bytes = PNG,
    name: str = "work.png",
    media_type: str = "image/png",
    fields: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """The form as a browser without scripts sends it: the token stands before the file."""
    if fields is None:
        fields = {"form_token": await desk.token(), "notes": "Have a look."}
    files = [(key, (None, value)) for key, value in fields.items()]
    return await desk.browser.post(
        f"{desk.page}/upload",
        files=[*files, ("file", (name, content, media_type))],
        headers={**OWN, **(headers or {})},
    )


async def test_limits_and_types_are_shown_before_a_file_is_chosen(desk: Desk) -> None:
    page = await desk.browser.get(desk.page)
    assert "PNG image, plain text" in page.text
    assert "up to 1 MB, one file" in page.text
    assert "10 of 10 uploads" in page.text
    assert 'accept=".png,.txt,.text"' in page.text
    assert "The file is larger than the 1 MB allowed here" in page.text


async def test_a_form_without_scripts_hands_in_its_file(desk: Desk, connection: Connection) -> None:
    sent = await send_file(desk)
    assert sent.status_code == 303
    assert sent.headers["location"] == f"{desk.page}?notice=handed-in"
    page = await desk.browser.get(sent.headers["location"])
    assert "Your file is handed in and waits for review." in page.text
    assert "Attempt 1 waits for review." in page.text
    assert "Your notes: Have a look." in page.text
    assert "9 of 10 uploads" in page.text
    assert await connection.fetchval("SELECT notes FROM resource_submissions") == "Have a look."


async def test_a_script_hands_in_with_its_token_ahead_and_repeats_safely(
    desk: Desk, connection: Connection
) -> None:
    headers = {
        "X-Form-Token": await desk.token(),
        "Accept": "application/json",
        "Idempotency-Key": "one",
    }
    first = await send_file(desk, fields={}, headers=headers)
    assert first.status_code == 200, first.text
    assert first.json()["submission_status"] == "uploaded"
    again = await send_file(desk, fields={}, headers=headers)
    assert again.json()["submission_id"] == first.json()["submission_id"]
    assert await connection.fetchval("SELECT count(*) FROM resource_submissions") == 1
    part = await desk.browser.get(f"{desk.page}/hand-in")
    assert "<html" not in part.text
    assert "Attempt 1" in part.text
    assert 'hx-swap-oob="true"' in part.text


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({}, {}),
        ({"form_token": "0" * 64}, {}),
        ({"form_token": "0" * 5000}, {}),
        ({}, {"X-Form-Token": "0" * 64}),
        (None, {"Origin": "https://evil.example"}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
    ],
    ids=["no token", "wrong token", "long token", "wrong header", "origin", "site"],
)
async def test_a_foreign_upload_is_refused_before_anything_is_kept(
    desk: Desk,
    connection: Connection,
    fields: dict[str, str] | None,
    headers: dict[str, str],
    settings: Any,
) -> None:
    refused = await send_file(desk, fields=fields, headers=headers)
    assert refused.status_code == 403
    assert "not sent from a page of this session" in refused.text
    assert await connection.fetchval("SELECT count(*) FROM uploads") == 0
    stored = settings.storage.local_directory
    assert not [one for one in stored.rglob("*") if one.is_file() and one.stat().st_size]


async def test_a_token_behind_the_file_comes_too_late(desk: Desk, connection: Connection) -> None:
    token = await desk.token()
    refused = await desk.browser.post(
        f"{desk.page}/upload",
        files=[("file", ("work.png", PNG, "image/png")), ("form_token", (None, token))],
        headers=OWN,
    )
    assert refused.status_code == 403
    assert await connection.fetchval("SELECT count(*) FROM uploads") == 0


@pytest.mark.parametrize(
    ("content", "name", "status", "sentence"),
    [
        (b"", "work.png", 413, "The file is empty; please choose one with content."),
        (PNG, "work.exe", 415, "Files ending in .exe are not taken here; accepted: .png, .txt."),
        (PNG, "work", 415, "needs an extension"),
        (PNG + b"x" * 2**20, "work.png", 413, "larger than the 1 MB allowed here"),
        (b"", "", 422, "Please choose a file first."),
    ],
    ids=["empty", "type", "extension", "size", "none"],
)
async def test_a_refused_file_shows_its_page_with_the_sentence(
    desk: Desk, content: bytes, name: str, status: int, sentence: str
) -> None:
    fields = {"form_token": await desk.token()}
    refused = await desk.browser.post(
        f"{desk.page}/upload",
        headers={**OWN, "Content-Type": "multipart/form-data; boundary=line"},
        content=_form(fields, name, content),
    )
    assert refused.status_code == status
    assert sentence in refused.text
    assert "Hand in your work" in refused.text


async def test_a_second_file_does_not_stand_in_for_one_whose_name_is_no_text(
    desk: Desk, connection: Connection
) -> None:
    fields = {"form_token": await desk.token()}
    unnamed = _form(fields, "work-N.png", PNG).replace(b"-N", b"\xff").removesuffix(b"--line--\r\n")
    refused = await desk.browser.post(
        f"{desk.page}/upload",
        headers={**OWN, "Content-Type": "multipart/form-data; boundary=line"},
        content=unnamed + _form({}, "second.png", PNG),
    )
    assert refused.status_code == 422
    assert "name is not readable as UTF-8 text" in refused.text
    assert await connection.fetchval("SELECT count(*) FROM resource_submissions") == 0


async def test_forms_and_scripts_share_one_limit_that_says_when_to_come_back(
    desk: Desk, connection: Connection
) -> None:
    by_script = {"X-Form-Token": await desk.token(), "Accept": "application/json"}
    for number in range(10):
        sent = await send_file(desk, headers=by_script if number % 2 else None)
        assert sent.status_code == (200 if number % 2 else 303)
    for headers in (None, by_script):
        refused = await send_file(desk, headers=headers)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert await connection.fetchval("SELECT count(*) FROM resource_submissions") == 10


def _form(fields: dict[str, str], name: str, content: bytes) -> bytes:
    """A form with any file name, an empty one too, as a browser sends it without a choice."""
    texts = "".join(
        f'--line\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    )
    head = f'--line\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return texts.encode() + head.encode() + content + b"\r\n--line--\r\n"


async def test_a_hostile_name_is_shown_as_text(desk: Desk) -> None:
    name = "<script>alert(1)<%2Fscript>\u202egnp.png"
    await send_file(desk, name=name)
    for path in (desk.page, "/submissions"):
        page = await desk.browser.get(path)
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text
        assert "\u202e" not in page.text


async def test_a_waiting_file_is_withdrawn_and_a_decided_one_not(
    desk: Desk, make_submission: MakeSubmission, make_user: MakeUser
) -> None:
    waiting = await make_submission(desk.learner, desk.resource)
    sent = await send_form(
        desk.browser,
        desk.page,
        f"/submissions/{waiting}/withdraw",
        resource_id=desk.resource,
    )
    assert sent.headers["location"] == f"{desk.page}?notice=withdrawn"
    assert "Attempt 1" not in (await desk.browser.get(desk.page)).text
    elsewhere = await send_form(
        desk.browser, desk.page, f"/submissions/{uuid4()}/withdraw", resource_id="//evil.example"
    )
    assert elsewhere.status_code == 404
    decided = await make_submission(
        desk.learner,
        desk.resource,
        submission_status="rejected",
        reviewed_by=await make_user(role="instructor"),
        review_comments="No.",
    )
    refused = await send_form(desk.browser, desk.page, f"/submissions/{decided}/withdraw")
    assert refused.status_code == 409


async def test_a_rejected_file_shows_the_comment_and_takes_another(
    desk: Desk, make_submission: MakeSubmission, make_user: MakeUser, connection: Connection
) -> None:
    await make_submission(
        desk.learner,
        desk.resource,
        submission_status="rejected",
        reviewed_by=await make_user(role="instructor"),
        review_comments="First line.\n\nSecond <line>.",
    )
    page = await desk.browser.get(desk.page)
    assert "<p>First line.</p><p>Second &lt;line&gt;.</p>" in page.text
    assert "Attempt 1 came back." in page.text
    assert 'type="file"' in page.text
    await connection.execute("UPDATE resources SET allow_resubmission = false")
    page = await desk.browser.get(desk.page)
    assert "takes no second one: ask your instructor." in page.text
    assert 'type="file"' not in page.text


async def test_a_passed_exercise_takes_no_more(
    desk: Desk, make_submission: MakeSubmission, make_user: MakeUser
) -> None:
    await make_submission(
        desk.learner,
        desk.resource,
        submission_status="approved",
        reviewed_by=await make_user(role="instructor"),
        review_comments="Well labelled.",
    )
    page = await desk.browser.get(desk.page)
    assert "Passed. Nothing more to hand in here." in page.text
    assert "Well labelled." in page.text
    assert 'type="file"' not in page.text


async def test_a_file_is_fetched_by_a_link_made_for_the_click(desk: Desk) -> None:
    await send_file(desk)
    page = await desk.browser.get(desk.page)
    assert "signature=" not in page.text
    (path,) = {
        part.split('"')[0]
        for part in page.text.split('href="')
        if part.endswith("/file") or '/file"' in part
    }
    link = await desk.browser.get(path)
    assert link.status_code == 303
    file = await desk.browser.get(link.headers["location"])
    assert file.content == PNG
    assert file.headers["content-disposition"].startswith("attachment")


async def test_the_files_of_others_are_not_there(
    desk: Desk, visit: Visit, make_user: MakeUser, make_submission: MakeSubmission
) -> None:
    theirs = await make_submission(desk.learner, desk.resource)
    other = await visit(await make_user())
    assert (await other.get(f"/submissions/{theirs}/file")).status_code == 404
    sent = await send_form(other, "/submissions", f"/submissions/{theirs}/withdraw")
    assert sent.status_code == 404
    assert "Nothing handed in yet" in (await other.get("/submissions")).text


async def test_files_stay_reachable_when_their_resource_is_taken_down(
    desk: Desk, connection: Connection
) -> None:
    await send_file(desk)
    await connection.execute("UPDATE resources SET is_published = false")
    assert (await desk.browser.get(desk.page)).status_code == 404
    page = await desk.browser.get("/submissions")
    assert "work.png" in page.text
    assert "Do me (no longer offered)" in page.text
    assert f'href="{desk.page}"' not in page.text


async def test_many_files_are_shown_in_pages(desk: Desk, make_submission: MakeSubmission) -> None:
    for number in range(53):
        await make_submission(desk.learner, desk.resource, file_name=f"work-{number}.png")
    first = await desk.browser.get("/submissions")
    assert "work-52.png" in first.text
    assert 'href="/submissions?page=2"' in first.text
    second = await desk.browser.get("/submissions?page=2")
    assert "work-0.png" in second.text
    assert 'href="/submissions?page=1"' in second.text
    assert "No more files" in (await desk.browser.get("/submissions?page=3")).text


async def test_a_file_goes_past_the_service_in_three_steps(
    desk: Desk, settings: Any, connection: Connection
) -> None:
    headers = {"X-Form-Token": await desk.token(), "Accept": "application/json", **OWN}
    begun = await desk.browser.post(
        f"{desk.page}/uploads",
        json={"file_name": "work.png", "file_size_bytes": len(PNG), "file_type": "image/png"},
        headers=headers,
    )
    assert begun.status_code == 200, begun.text
    place = begun.json()
    path = place["url"].removeprefix(settings.server.public_url)
    stored = await desk.browser.put(path, content=PNG, headers=place["headers"])
    assert stored.status_code == 200
    done = await desk.browser.post(
        f"/uploads/{place['upload_id']}/finalize", json={"notes": "Direct"}, headers=headers
    )
    assert done.json()["submission_status"] == "uploaded"
    for body in (b"[]", b"{", b'{"file_name": 1}'):
        wrong = await desk.browser.post(f"{desk.page}/uploads", content=body, headers=headers)
        assert wrong.status_code in (400, 422), wrong.text
