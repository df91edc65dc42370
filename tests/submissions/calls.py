"""What a learner does with files over HTTP, in words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from fixtures.catalog import Connection
from submissions.forms import BOUNDARY, form
from submissions.samples import image

API = "/api/v1/resources"
PNG = image("PNG")


async def hand_in(
    client: httpx.AsyncClient,
    resource: str,
    content: bytes = PNG,
    *,
    name: str = "work.png",
    declared: str = "image/png",
    notes: str | None = None,
    key: str | None = None,
) -> httpx.Response:
    """Send one file the way a browser does; with `key`, so that it may be repeated."""
    return await client.post(
        f"{API}/users/me/resources/{resource}/upload",
        files={"file": (name, content, declared)},
        data={} if notes is None else {"notes": notes},
        headers={} if key is None else {"Idempotency-Key": key},
    )


async def send_form(client: httpx.AsyncClient, resource: str, *parts: bytes) -> httpx.Response:
    """Send a form of hand-made parts."""
    return await send_body(client, resource, form(*parts))


async def send_body(
    client: httpx.AsyncClient,
    resource: str,
    body: bytes | AsyncIterator[bytes],
    content_type: str = f"multipart/form-data; boundary={BOUNDARY}",
    headers: Sequence[tuple[str, str]] = (),
) -> httpx.Response:
    """Send any body; one that is an iterator goes without a Content-Length."""
    return await client.post(
        f"{API}/users/me/resources/{resource}/upload",
        content=body,
        headers=[("Content-Type", content_type), *headers],
    )


async def handed_in(client: httpx.AsyncClient, resource: str, **options: Any) -> dict[str, Any]:
    """Hand in a file that is taken; returns the receipt."""
    response = await hand_in(client, resource, **options)
    assert response.status_code == 200, response.text
    receipt: dict[str, Any] = response.json()
    return receipt


async def own_submissions(client: httpx.AsyncClient, resource: str) -> list[dict[str, Any]]:
    response = await client.get(f"{API}/users/me/resources/{resource}/submissions")
    assert response.status_code == 200, response.text
    submissions: list[dict[str, Any]] = response.json()
    return submissions


async def withdraw(client: httpx.AsyncClient, submission_id: str | UUID) -> httpx.Response:
    return await client.delete(f"{API}/users/me/submissions/{submission_id}")


async def download_link(client: httpx.AsyncClient, submission_id: str | UUID) -> httpx.Response:
    return await client.get(f"{API}/users/me/submissions/download/{submission_id}")


async def review(
    client: httpx.AsyncClient, submission_id: str | UUID, status: str, **more: Any
) -> httpx.Response:
    """Decide as staff do; the grade that belongs to the status is sent with it."""
    grade = {"approved": "pass", "rejected": "fail"}[status]
    return await client.post(
        f"{API}/admin/submissions/{submission_id}/review",
        json={"submission_status": status, "grade": grade, **more},
    )


def stored_files(directory: Path) -> list[Path]:
    """Every file below the storage directory, half-written ones too."""
    return sorted(path for path in directory.rglob("*") if path.is_file())


async def upload_states(connection: Connection) -> list[str]:
    """What became of each upload, oldest first."""
    rows = await connection.fetch("SELECT state FROM uploads ORDER BY claimed_at")
    return [row["state"] for row in rows]
