"""GET /preview/{token}: who sees what, for how long, under which headers."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from aibc.app import Application
from aibc.submissions.file_types import NOTEBOOK, WORDPROCESSING
from aibc.web.previews import preview_url
from aibc.web.previews.desk import MAX_BYTES, PreviewDesk
from fixtures.catalog import MakeUser, add_module, add_pathway, add_resource, add_submission
from submissions.samples import archive
from web.previews.conftest import Room
from web.previews.hostile import MARKUP, notebook, pdf, picture


async def see(client: httpx.AsyncClient, address: str, status: int = 200) -> str:
    response = await client.get(address)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("sandbox")
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert response.headers["x-frame-options"] == "SAMEORIGIN"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-robots-tag"] == "none"
    assert "set-cookie" not in response.headers
    return response.text


async def test_a_reviewer_and_the_owner_see_the_file(
    anonymous: httpx.AsyncClient, room: Room
) -> None:
    submission = await room.hand_in(b"My <work>", "work.txt", "text/plain")
    for viewer in (room.reviewer, room.learner):
        html = await see(anonymous, await room.preview_of(submission, viewer))
        assert "My &lt;work&gt;" in html


async def test_another_learner_does_not_even_by_a_link(
    anonymous: httpx.AsyncClient, room: Room, make_user: MakeUser
) -> None:
    submission = await room.hand_in(b"My work", "work.txt", "text/plain")
    html = await see(anonymous, await room.preview_of(submission, await make_user()), 404)
    assert "My work" not in html


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET role = 'student' WHERE id = $1",
        "UPDATE users SET account_status = 'suspended' WHERE id = $1",
    ],
)
async def test_a_link_ends_with_the_right_to_see(
    anonymous: httpx.AsyncClient, room: Room, change: str
) -> None:
    address = await room.preview(b"My work", "work.txt", "text/plain")
    await see(anonymous, address)
    await room.connection.execute(change, room.reviewer)
    assert "There is no such submission." in await see(anonymous, address, 404)


async def test_a_link_ends_when_the_file_is_withdrawn(
    anonymous: httpx.AsyncClient, room: Room
) -> None:
    submission = await room.hand_in(b"My work", "work.txt", "text/plain")
    address = await room.preview_of(submission)
    await see(anonymous, address)
    await room.connection.execute("SELECT withdraw_submission($1, $2)", room.learner, submission)
    await see(anonymous, address, 404)


async def test_a_link_ends_after_its_time(anonymous: httpx.AsyncClient, room: Room) -> None:
    submission = await room.hand_in(b"My work", "work.txt", "text/plain")
    for minutes, status in ((14, 200), (16, 403)):
        made = datetime.now(UTC) - timedelta(minutes=minutes)
        address = preview_url(room.settings, submission, room.reviewer, now=made)
        await see(anonymous, address, status)


async def test_an_altered_link_is_a_page_that_says_what_to_do(
    anonymous: httpx.AsyncClient, room: Room
) -> None:
    address = await room.preview(b"My work", "work.txt", "text/plain")
    html = await see(anonymous, f"{address}A", 403)
    assert "open the file from its page again" in html


async def test_a_file_the_store_lost_is_a_page_too(
    anonymous: httpx.AsyncClient, room: Room
) -> None:
    for name, media in (
        ("a.txt", "text/plain"),
        ("a.png", "image/png"),
        ("a.zip", "application/zip"),
    ):
        submission = await add_submission(
            room.connection, room.learner, room.resource, file_name=name, file_type=media
        )
        html = await see(anonymous, await room.preview_of(submission), 404)
        assert "The storage holds no file under this name." in html


async def test_a_picture_and_a_pdf_travel_inside_the_frame(
    anonymous: httpx.AsyncClient, room: Room
) -> None:
    for size in (300, 301, 302, 700_000):
        content = picture(60, 50) + b"\0" * size
        html = await see(anonymous, await room.preview(content, "a.png", "image/png"))
        (encoded,) = re.findall(r'src="data:image/png;base64,([A-Za-z0-9+/=]+)"', html)
        assert base64.b64decode(encoded, validate=True) == content
    html = await see(anonymous, await room.preview(pdf(), "a.pdf", "application/pdf"))
    (encoded,) = re.findall(r'id="file">([A-Za-z0-9+/=]+)</script>', html)
    assert base64.b64decode(encoded, validate=True) == pdf()


async def test_only_the_frame_of_a_pdf_allows_scripts_and_only_its_viewer(
    anonymous: httpx.AsyncClient, room: Room
) -> None:
    addresses = [
        await room.preview(b"x", "a.txt", "text/plain"),
        await room.preview(notebook(), "a.ipynb", NOTEBOOK),
        await room.preview(picture(), "a.png", "image/png"),
        await room.preview(b"x", "a.mp4", "video/mp4"),
        "/preview/none",
    ]
    for address in addresses:
        policy = (await anonymous.get(address)).headers["content-security-policy"]
        assert "script" not in policy
        assert re.match(r"sandbox; default-src 'none'; style-src 'sha256-[^']+'; ", policy)
    address = await room.preview(pdf(), "a.pdf", "application/pdf")
    policy = (await anonymous.get(address)).headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'; ")
    assert (
        "; script-src localhost/static/pdfjs/ localhost:8000/static/pdfjs/; worker-src blob:"
        in policy
    )
    assert "connect-src" not in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", ["a.txt", "a.ipynb", "a.png", "a.pdf"])
async def test_what_is_larger_than_five_megabytes_is_described(
    anonymous: httpx.AsyncClient, room: Room, name: str
) -> None:
    media = {"txt": "text/plain", "ipynb": NOTEBOOK, "png": "image/png", "pdf": "application/pdf"}
    submission = await add_submission(
        room.connection,
        room.learner,
        room.resource,
        file_name=name,
        file_type=media[name.partition(".")[2]],
        file_size_bytes=MAX_BYTES + 1,
    )
    html = await see(anonymous, await room.preview_of(submission))
    assert "Previews end at 5 MB. Download the file to look at it." in html
    assert "5.0 MB" in html


async def test_what_cannot_be_shown_is_described(anonymous: httpx.AsyncClient, room: Room) -> None:
    for name, media, words in (
        ("a.docx", WORDPROCESSING, "Word document"),
        ("a.mp4", "video/mp4", "MP4 video"),
        ("a.bin", "application/x-new", "application/x-new"),
    ):
        html = await see(anonymous, await room.preview(MARKUP.encode(), name, media))
        assert words in html
        assert "Download it instead" in html
        assert "script" not in html


async def test_an_archive_lists_what_it_holds_from_its_end_alone(
    anonymous: httpx.AsyncClient, room: Room
) -> None:
    content = archive([("src/main.py", b"x" * 2048), ("<b>.txt", b""), ("bidi\u202etxt", b"abc")])
    # Junk in place of its beginning, so large that it is not read.
    content = b"PK\x03\x04" + b"\0" * (MAX_BYTES + 1) + content
    html = await see(anonymous, await room.preview(content, "a.zip", "application/zip"))
    assert re.search(r"src/main.py</th><td>2 KB", html)
    assert "&lt;b&gt;.txt" in html
    assert "⸨U+202E⸩" in html


async def test_two_attempts_are_compared_oldest_first_however_they_are_named(
    anonymous: httpx.AsyncClient, room: Room
) -> None:
    first = await room.hand_in(b"one\ntwo\n", "work.txt", "text/plain")
    second = await room.hand_in(b"one\nthree\n", "work.md", "text/markdown")
    for pair in ((first, second), (second, first)):
        html = await see(anonymous, await room.comparison_of(*pair))
        assert "Attempt 1 and attempt 2" in html
        assert "<del>two</del>" in html
        assert "<ins>three</ins>" in html


async def test_work_on_different_resources_or_of_different_people_is_not_compared(
    anonymous: httpx.AsyncClient, room: Room, make_user: MakeUser
) -> None:
    connection = room.connection
    mine = await room.hand_in(b"one", "work.txt", "text/plain")
    module = await add_module(connection, await add_pathway(connection))
    other = await add_resource(connection, module, type="exercise", requires_upload=True)
    elsewhere = await add_submission(connection, room.learner, other)
    theirs = await add_submission(connection, await make_user(), room.resource)
    for second in (elsewhere, theirs, mine):
        await see(anonymous, await room.comparison_of(mine, second), 404)


async def test_what_cannot_be_compared_says_so(anonymous: httpx.AsyncClient, room: Room) -> None:
    text = await room.hand_in(b"one", "work.txt", "text/plain")
    image = await room.hand_in(picture(), "work.png", "image/png")
    assert "side by side" in await see(anonymous, await room.comparison_of(text, image))
    large = await add_submission(
        room.connection,
        room.learner,
        room.resource,
        file_name="large.txt",
        file_type="text/plain",
        file_size_bytes=MAX_BYTES + 1,
    )
    assert "above 5 MB" in await see(anonymous, await room.comparison_of(text, large))


async def test_when_too_many_look_at_once_the_next_is_told_to_wait(
    application: Application,
    anonymous: httpx.AsyncClient,
    room: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aibc.web.previews.desk.WAIT_SECONDS", 0.01)
    address = await room.preview(b"My work", "work.txt", "text/plain")
    desk: PreviewDesk = application.state.previews
    async with desk.place(), desk.place():
        response = await anonymous.get(address)
        assert response.status_code == 503
        assert response.headers["retry-after"] == "5"
        assert "try again in a moment" in response.text
    await see(anonymous, address)


async def test_only_a_frame_without_an_origin_may_read_the_viewer_from_elsewhere(
    anonymous: httpx.AsyncClient,
) -> None:
    for origin, allowed in (
        ("null", "null"),
        ("https://elsewhere.test", None),
        ("http://localhost:3000", "http://localhost:3000"),
        (None, None),
    ):
        headers = {"Origin": origin} if origin else {}
        response = await anonymous.get("/static/pdfjs/viewer.mjs", headers=headers)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/javascript")
        assert response.headers.get("access-control-allow-origin") == allowed
        assert response.headers["content-encoding"] == "gzip"
    preview = await anonymous.get("/preview/none", headers={"Origin": "null"})
    assert "access-control-allow-origin" not in preview.headers
