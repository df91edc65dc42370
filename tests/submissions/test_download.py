"""Fetching a file: who gets a link, what the link gives, and when it stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import collapse_rfc2231_value
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID, uuid4

import httpx
import pytest

from aibc.settings import Settings
from aibc.submissions.links import DownloadLinks
from fixtures.catalog import Connection, MakeSubmission, MakeUser
from fixtures.problems import assert_problem
from submissions.calls import PNG, download_link, handed_in, own_submissions, withdraw
from submissions.conftest import Course
from submissions.samples import noise


async def link_to(client: httpx.AsyncClient, submission_id: str | UUID) -> str:
    response = await download_link(client, submission_id)
    assert response.status_code == 200, response.text
    url: str = response.json()["signed_url"]
    return url


def saved_name(response: httpx.Response) -> str:
    """The name under which a browser saves the file: the full one, where there are two."""
    message = Message()
    message["Content-Disposition"] = response.headers["content-disposition"]
    assert message.get_content_disposition() == "attachment"
    parameters = message.get_params(header="content-disposition") or []
    names = [value for key, value in parameters if key == "filename"]
    return collapse_rfc2231_value(next((n for n in names if isinstance(n, tuple)), names[0]))


async def test_the_bytes_come_back_as_they_went_in(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    content = PNG + noise(700_000)
    receipt = await handed_in(client, course.exercise, content=content)
    response = await download_link(client, receipt["submission_id"])
    answer = response.json()
    assert answer.keys() == {"submission_id", "file_name", "signed_url", "expires_at"}
    assert answer["file_name"] == "work.png"
    left = datetime.fromisoformat(answer["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59, seconds=30) < left <= timedelta(hours=1)
    assert response.headers["cache-control"] == "no-store"

    file = await anonymous.get(answer["signed_url"])
    assert file.status_code == 200
    assert file.content == content
    assert file.headers["content-type"] == "image/png"
    assert file.headers["content-length"] == str(len(content))
    assert file.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in file.headers["content-security-policy"]
    assert "sandbox" in file.headers["content-security-policy"]
    assert file.headers["cache-control"] == "private, no-store"
    assert file.headers["etag"] == f'"{receipt["sha256"]}"'
    assert "set-cookie" not in file.headers
    assert saved_name(file) == "work.png"


@pytest.mark.parametrize(
    "name",
    [
        "Übung №1 – “final”.png",
        'say "cheese".png',
        "semi;colon, and = more.png",
        "line\r\nX-Evil: 1.png",
        "100% done %41.png",
        "作品 🎨.png",
        "back\\slash's.png",
    ],
)
async def test_a_name_survives_the_way_there_and_back(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course, name: str
) -> None:
    receipt = await handed_in(client, course.exercise, name=name)
    (listed,) = await own_submissions(client, course.exercise)
    expected = name.replace("\r\n", "").rpartition("\\")[2]
    assert receipt["file_name"] == listed["file_name"] == expected
    file = await anonymous.get(await link_to(client, receipt["submission_id"]))
    assert saved_name(file) == expected
    assert "x-evil" not in file.headers
    assert len(file.headers.get_list("content-disposition")) == 1


async def test_staff_may_fetch_it_and_other_learners_may_not_know(
    client: httpx.AsyncClient,
    staff_client: httpx.AsyncClient,
    other_client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    course: Course,
) -> None:
    receipt = await handed_in(client, course.exercise)
    by_staff = await anonymous.get(await link_to(staff_client, receipt["submission_id"]))
    assert by_staff.content == PNG
    refused = assert_problem(
        await download_link(other_client, receipt["submission_id"]), 404, "submission_not_found"
    )
    unknown = assert_problem(
        await download_link(other_client, uuid4()), 404, "submission_not_found"
    )
    assert refused["detail"] == unknown["detail"]
    nobody = await download_link(anonymous, receipt["submission_id"])
    assert_problem(nobody, 401, "sign_in_required")


async def test_a_link_that_was_altered_is_refused(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    make_submission: MakeSubmission,
) -> None:
    receipt = await handed_in(client, course.exercise)
    other = await make_submission(learner, course.project)
    url = await link_to(client, receipt["submission_id"])
    last = "0" if url[-1] != "0" else "1"
    expires = url.partition("expires=")[2].partition("&")[0]
    altered = [
        url[:-1] + last,
        url + "&download=inline",
        url.partition("?")[0],
        url.replace(f"expires={expires}", f"expires={int(expires) + 1}"),
        url.replace(str(learner), str(uuid4())),
        url.replace(receipt["submission_id"], str(other)),
        url.replace("signature=", "Signature="),
        url.upper().replace("HTTP://LOCALHOST:8000/FILES", "http://localhost:8000/files"),
    ]
    for attempt in altered:
        assert attempt != url
        problem = assert_problem(await anonymous.get(attempt), 403, "link_invalid")
        assert "open the file from its page again" in problem["detail"]
    assert (await anonymous.get(url)).status_code == 200


async def test_a_link_ends_after_an_hour(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    settings: Settings,
) -> None:
    receipt = await handed_in(client, course.exercise)
    links = DownloadLinks(settings.storage.link_secret)
    for age, status in ((3590, 200), (3601, 403)):
        made = datetime.now(UTC) - timedelta(seconds=age)
        path = links.sign(UUID(receipt["submission_id"]), learner, now=made).path
        assert (await anonymous.get(path)).status_code == status


async def test_a_withdrawal_ends_the_links_at_once(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    receipt = await handed_in(client, course.exercise)
    url = await link_to(client, receipt["submission_id"])
    assert (await anonymous.get(url)).status_code == 200
    await withdraw(client, receipt["submission_id"])
    assert_problem(await anonymous.get(url), 404, "submission_not_found")


@pytest.mark.parametrize(
    "loss", ["role = 'student'", "account_status = 'suspended'"], ids=["demoted", "suspended"]
)
async def test_a_link_ends_with_the_right_of_its_user(
    client: httpx.AsyncClient,
    staff_client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    course: Course,
    connection: Connection,
    loss: str,
) -> None:
    receipt = await handed_in(client, course.exercise)
    url = await link_to(staff_client, receipt["submission_id"])
    assert (await anonymous.get(url)).status_code == 200
    await connection.execute(f"UPDATE users SET {loss} WHERE role = 'instructor'")
    assert_problem(await anonymous.get(url), 404, "submission_not_found")


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=5-9", slice(5, 10)),
        ("bytes=290000-", slice(290_000, None)),
        ("bytes=-10", slice(-10, None)),
        ("bytes=299990-9999999", slice(299_990, None)),
        ("bytes=-9999999", slice(0, None)),
    ],
)
async def test_a_broken_download_goes_on_where_it_stopped(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    course: Course,
    wanted: str,
    part: slice,
) -> None:
    content = PNG + noise(300_000 - len(PNG))
    receipt = await handed_in(client, course.exercise, content=content)
    url = await link_to(client, receipt["submission_id"])
    response = await anonymous.get(url, headers={"Range": wanted})
    assert response.status_code == 206
    assert response.content == content[part]
    start, stop, _ = part.indices(len(content))
    assert response.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(content)}"
    assert response.headers["content-length"] == str(stop - start)


async def test_a_range_beyond_the_file_or_of_another_file_is_told_so(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    receipt = await handed_in(client, course.exercise)
    url = await link_to(client, receipt["submission_id"])
    for beyond in (f"bytes={len(PNG)}-", "bytes=-0"):
        response = await anonymous.get(url, headers={"Range": beyond})
        assert_problem(response, 416, "range_not_satisfiable")
        assert response.headers["content-range"] == f"bytes */{len(PNG)}"
    for whole in ("bytes=0-0,2-3", "bytes=" + "0-0," * 5000, "bytes=9-5", "lines=1-2", "bytes=-"):
        response = await anonymous.get(url, headers={"Range": whole})
        assert (response.status_code, response.content) == (200, PNG)
    for etag, status in ((f'"{receipt["sha256"]}"', 206), ('"another"', 200)):
        headers = {"Range": "bytes=0-0", "If-Range": etag}
        assert (await anonymous.get(url, headers=headers)).status_code == status


async def test_a_file_the_store_has_lost_is_no_crash(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course, storage: Path
) -> None:
    receipt = await handed_in(client, course.exercise)
    (storage / receipt["gcs_url"].removeprefix("local://")).unlink()
    url = await link_to(client, receipt["submission_id"])
    assert_problem(await anonymous.get(url), 404, "object_missing")


async def test_no_address_leads_to_a_file_by_its_key(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course, make_user: MakeUser
) -> None:
    receipt = await handed_in(client, course.exercise)
    key = receipt["gcs_url"].removeprefix("local://")
    query = (await link_to(client, receipt["submission_id"])).partition("?")[2]
    for path in (
        f"/files/{key}",
        f"/{key}",
        f"/files/{key}?{query}",
        "/files/..%2f..%2fetc/passwd",
    ):
        assert (await anonymous.get(path)).status_code in (403, 404), unquote(path)
    assert_problem(await anonymous.get(f"/files/{await make_user()}"), 403, "link_invalid")
