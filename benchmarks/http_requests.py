"""Requests as bytes, ready to be sent over and over."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class HttpRequest:
    """One request; `learner` is the number of whoever sends it."""

    method: str
    path: str
    token: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    learner: int = 0

    def raw(self) -> bytes:
        """As it stands on the wire."""
        headers = {"Host": "127.0.0.1", **self.headers}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.body or self.method != "GET":
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def with_json(method: str, path: str, token: str, document: Any, learner: int = 0) -> HttpRequest:
    return HttpRequest(
        method,
        path,
        token,
        json.dumps(document).encode(),
        {"Content-Type": "application/json"},
        learner,
    )
