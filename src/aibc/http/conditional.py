"""Conditional reads: a tag of everything an answer depends on, and 304 for who has the answer.

The tag is made before the bytes and without them, so it has to name all they are made of. It is a
strong one: the same tag means the same bytes.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from starlette.requests import Request

from aibc.http.answers import Answer, json_answer
from aibc.http.build import BUILD

# For its caller alone, and asked for anew each time.
_HEADERS = [(b"cache-control", b"private, no-cache"), (b"vary", b"Authorization, Origin")]

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
    return any(name == b"if-none-match" for name, _ in request.scope["headers"])


def has(request: Request, tag: str, *, any_will_do: bool = False) -> bool:
    """Whether `If-None-Match` names the tag, as a strong or a weak one.

    `*` names any answer there is: pass `any_will_do` once it is certain that there is one.
    """
    sent = [value for name, value in request.scope["headers"] if name == b"if-none-match"]
    named = [one.strip() for one in b",".join(sent).decode("latin-1").split(",")]
    return tag in (one.removeprefix("W/") for one in named) or (any_will_do and named == ["*"])


def answer(request: Request, tag: str, body: bytes) -> Answer:
    """The answer under its tag; 304 to who has it."""
    if has(request, tag, any_will_do=True):
        return not_modified(tag)
    return json_answer(body, *_HEADERS, (b"etag", tag.encode()))


def not_modified(tag: str) -> Answer:
    """The answer to who has it."""
    return Answer(304, [*_HEADERS, (b"etag", tag.encode())])
