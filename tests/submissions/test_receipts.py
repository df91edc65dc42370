"""What a learner is told who finishes an upload again, after the submission has moved on."""

from __future__ import annotations

import httpx
import pytest

from submissions.calls import API
from submissions.conftest import Course
from submissions.direct_calls import begun, finish, send

VERDICTS = {
    "approved": {"submission_status": "approved", "grade": "pass"},
    "rejected": {"submission_status": "rejected", "grade": "fail", "review_comments": "Why?"},
}


async def finished(
    client: httpx.AsyncClient, resource: str, anonymous: httpx.AsyncClient
) -> tuple[str, str]:
    """The ids of an upload and of the submission that came of it."""
    upload = await begun(client, resource)
    assert (await send(anonymous, upload)).status_code == 200
    receipt = (await finish(client, upload["upload_id"])).json()
    assert receipt["message"] == "“work.png” is handed in and waits for review."
    return upload["upload_id"], receipt["submission_id"]


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
async def test_a_receipt_asked_for_after_the_review_says_how_it_ended(
    client: httpx.AsyncClient,
    staff_client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    course: Course,
    verdict: str,
) -> None:
    upload_id, submission_id = await finished(client, course.exercise, anonymous)
    await staff_client.post(
        f"{API}/admin/submissions/{submission_id}/review", json=VERDICTS[verdict]
    )
    receipt = (await finish(client, upload_id)).json()
    assert receipt["submission_id"] == submission_id
    assert receipt["submission_status"] == verdict
    assert receipt["message"] == f"“work.png” was handed in and is {verdict}."


async def test_a_receipt_asked_for_after_a_withdrawal_says_so(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, course: Course
) -> None:
    upload_id, submission_id = await finished(client, course.exercise, anonymous)
    await client.delete(f"{API}/users/me/submissions/{submission_id}")
    receipt = (await finish(client, upload_id)).json()
    assert receipt["resource_status"] == "in_progress"
    assert receipt["message"] == "“work.png” was handed in and withdrawn since."
