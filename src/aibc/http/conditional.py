"""Conditional reads: a tag of everything an answer depends on, and 304 for who has the answer.

The tag is made before the bytes and without them, so it has to name all they are made of. It is a
strong one: the same tag means the same bytes.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from aibc.http.build import BUILD

# For its caller alone, and asked for anew each time.
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Origin"}

# For the API description.
DESCRIBED_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "ETag": {
                "description": "Names these bytes: send it back in `If-None-Match`.",
                "schema": {"type": "string"},
            }
        }
    },
    304: {"description": "You have the newest answer already; there is no body."},
}
DESCRIBED_REQUEST: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-None-Match",
            "in": "header",
            "description": "The `ETag` of the answer you have.",
            "schema": {"type": "string"},
        }
    ]
}


def entity_tag(request: Request, *parts: object) -> str:
    """The tag of an answer to `request` that follows from this build and from `parts`."""
    named = "\0".join((request.scope["path"], *map(str, parts)))
    return f'"{blake2b(named.encode(), digest_size=18, key=BUILD).hexdigest()}"'


def asks_whether_changed(request: Request) -> bool:
    """Whether the caller has an answer already and wants another only if it is a new one."""
    return "if-none-match" in request.headers


def has(request: Request, tag: str, *, any_will_do: bool = False) -> bool:
    """Whether `If-None-Match` names the tag, as a strong or a weak one.

    `*` names any answer there is: pass `any_will_do` once it is certain that there is one.
    """
    named = [one.strip() for one in ",".join(request.headers.getlist("if-none-match")).split(",")]
    return tag in (one.removeprefix("W/") for one in named) or (any_will_do and named == ["*"])


def answer(request: Request, tag: str, body: bytes) -> Response:
    """The answer under its tag; 304 to who has it."""
    if has(request, tag, any_will_do=True):
        return not_modified(tag)
    return Response(body, headers={**_HEADERS, "ETag": tag}, media_type="application/json")


def not_modified(tag: str) -> Response:
    """The answer to who has it."""
    return Response(status_code=304, headers={**_HEADERS, "ETag": tag})
