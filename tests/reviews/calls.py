"""What staff do with submissions over HTTP, in words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx

ADMIN = "/api/v1/resources/admin"
GRADES = {"approved": "pass", "rejected": "fail"}


async def review(
    client: httpx.AsyncClient, submission_id: UUID | str, status: str, **more: Any
) -> httpx.Response:
    """Send a decision; the grade that belongs to it is added."""
    body = {"submission_status": status, "grade": GRADES[status], **more}
    return await client.post(f"{ADMIN}/submissions/{submission_id}/review", json=body)


async def reject(
    client: httpx.AsyncClient, submission_id: UUID | str, comments: str = "Please add a title."
) -> httpx.Response:
    return await review(client, submission_id, "rejected", review_comments=comments)


async def undo(client: httpx.AsyncClient, submission_id: UUID | str) -> httpx.Response:
    return await client.post(f"{ADMIN}/submissions/{submission_id}/undo")


async def claim(client: httpx.AsyncClient, submission_id: UUID | str) -> httpx.Response:
    return await client.post(f"{ADMIN}/submissions/{submission_id}/claim")


async def release(client: httpx.AsyncClient, submission_id: UUID | str) -> httpx.Response:
    return await client.delete(f"{ADMIN}/submissions/{submission_id}/claim")


async def history(client: httpx.AsyncClient, submission_id: UUID | str) -> list[dict[str, Any]]:
    response = await client.get(f"{ADMIN}/submissions/{submission_id}/history")
    assert response.status_code == 200, response.text
    decisions: list[dict[str, Any]] = response.json()
    return decisions


async def pending(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    """A page of the queue."""
    response = await client.get(f"{ADMIN}/submissions/pending", params=query)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


async def completion(client: httpx.AsyncClient, resource: str) -> dict[str, Any]:
    """The signed-in learner's record on a resource."""
    response = await client.get(f"/api/v1/resources/users/me/resources/{resource}/progress")
    assert response.status_code == 200, response.text
    record: dict[str, Any] = response.json()
    return record
