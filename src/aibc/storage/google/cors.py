"""Which pages may upload straight into the bucket: its CORS rules, set and tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from aibc.storage.google.client import BucketClient
from aibc.storage.google.links import UPLOAD_HEADERS
from aibc.storage.google.transport import NoAnswer
from aibc.storage.store import StorageUnavailable

PREFLIGHT_SECONDS = 7200

Rule = dict[str, Any]


def rule_for(origins: Sequence[str]) -> Rule:
    """The rule that lets pages of `origins` upload, and read what they may download."""
    return {
        "origin": list(origins),
        "method": ["GET", "HEAD", "PUT"],
        "responseHeader": [*UPLOAD_HEADERS, "Content-Length", "Content-Range", "ETag"],
        "maxAgeSeconds": PREFLIGHT_SECONDS,
    }


def merged(rules: Sequence[Rule], origins: Sequence[str]) -> list[Rule]:
    """The bucket's rules with ours in place of those for no other origins than ours."""
    foreign = [rule for rule in rules if not set(rule.get("origin", [])) <= set(origins)]
    return [*foreign, rule_for(origins)]


async def read_rules(client: BucketClient) -> list[Rule]:
    """The bucket's rules. Raises StorageRefused without the right storage.buckets.get."""
    answer = await client.patiently("GET", _address(client))
    rules: list[Rule] = orjson.loads(answer.body).get("cors", [])
    return rules


async def write_rules(client: BucketClient, rules: Sequence[Rule]) -> None:
    """Replace the bucket's rules. Raises StorageRefused without storage.buckets.update."""
    body = orjson.dumps({"cors": list(rules)})
    await client.patiently("PATCH", _address(client), {"Content-Type": "application/json"}, body)


async def preflight_refusal(client: BucketClient, origin: str) -> str | None:
    """Ask as a browser would before an upload; None when it may, else what stands in the way."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": ",".join(sorted(map(str.lower, UPLOAD_HEADERS))),
    }
    try:
        answer = await client.transport.request("OPTIONS", client.url("preflight"), headers)
    except NoAnswer as error:
        raise StorageUnavailable from error
    if answer.headers.get("access-control-allow-origin") not in ("*", origin):
        return "the bucket's CORS rules do not name them"
    if "PUT" not in _items(answer.headers.get("access-control-allow-methods", "")):
        return "the bucket's CORS rules do not allow PUT"
    allowed = {name.lower() for name in _items(answer.headers["access-control-allow-headers"])}
    missing = [name for name in UPLOAD_HEADERS if name.lower() not in allowed]
    return f"the bucket's CORS rules lack {', '.join(missing)}" if missing else None


def _items(header: str) -> list[str]:
    return [item.strip() for item in header.split(",")]


def _address(client: BucketClient) -> str:
    return f"{client.endpoint}/storage/v1/b/{client.bucket}?fields=cors"
