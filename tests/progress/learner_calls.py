"""What a learner does over HTTP, in words."""

from __future__ import annotations

import json
from typing import Any

import httpx

OWN = "/api/v1/resources/users/me/resources"
_JSON = {"Content-Type": "application/json"}


async def start(client: httpx.AsyncClient, resource: str, **body: Any) -> httpx.Response:
    return await client.post(f"{OWN}/{resource}/start", content=json.dumps(body), headers=_JSON)


async def report(client: httpx.AsyncClient, resource: str, **body: Any) -> httpx.Response:
    return await client.put(f"{OWN}/{resource}/progress", content=json.dumps(body), headers=_JSON)


async def complete(client: httpx.AsyncClient, resource: str) -> httpx.Response:
    return await client.post(f"{OWN}/{resource}/complete")


async def uncomplete(client: httpx.AsyncClient, resource: str) -> httpx.Response:
    return await client.delete(f"{OWN}/{resource}/complete")


async def read(client: httpx.AsyncClient, resource: str) -> httpx.Response:
    return await client.get(f"{OWN}/{resource}/progress")


def taken(response: httpx.Response) -> dict[str, Any]:
    """The record of a write that was taken."""
    assert response.status_code == 200, response.text
    record: dict[str, Any] = response.json()
    return record


def refused(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, which always has a sentence."""
    problem = response.json()
    assert problem["detail"].endswith(".")
    return response.status_code, problem["code"]
