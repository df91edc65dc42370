"""A direct upload as a browser does it, wherever the files go."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from submissions.calls import API, PNG


async def begin(
    client: httpx.AsyncClient,
    resource: str,
    size: int = len(PNG),
    *,
    name: str = "work.png",
    declared: str = "image/png",
) -> httpx.Response:
    return await client.post(
        f"{API}/users/me/resources/{resource}/uploads",
        json={"file_name": name, "file_size_bytes": size, "file_type": declared},
    )


async def begun(
    client: httpx.AsyncClient, resource: str, *given: int, **more: Any
) -> dict[str, Any]:
    """Begin an upload that is taken."""
    response = await begin(client, resource, *given, **more)
    assert response.status_code == 200, response.text
    upload: dict[str, Any] = response.json()
    return upload


async def send(
    anonymous: httpx.AsyncClient,
    upload: dict[str, Any],
    content: bytes = PNG,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Send the bytes where the upload says, without any credential of the learner's."""
    url: str = upload["url"]
    given = upload["headers"] if headers is None else headers
    if "/files/uploads/" in url:
        parts = urlsplit(url)
        return await anonymous.put(f"{parts.path}?{parts.query}", content=content, headers=given)
    async with httpx.AsyncClient() as browser:
        return await browser.put(url, content=content, headers=given)


async def finish(
    client: httpx.AsyncClient, upload_id: str | UUID, *, key: str | None = None, **body: Any
) -> httpx.Response:
    url = f"{API}/users/me/uploads/{upload_id}/finalize"
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(url, json=body or None, headers=headers)
