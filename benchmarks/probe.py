"""One request at a time, to see what a service answers."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from benchmarks.http_requests import HttpRequest

PATIENCE_SECONDS = 30.0


class WrongAnswer(Exception):
    """A service did not answer as it has to; there is no point in measuring it."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    def document(self) -> Any:
        return json.loads(self.body)


class Prober:
    """A keep-alive connection to a service."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(
            urlsplit(url).netloc, timeout=PATIENCE_SECONDS
        )

    def send(self, request: HttpRequest) -> Answer:
        headers = dict(request.headers)
        if request.token:
            headers["Authorization"] = f"Bearer {request.token}"
        self._connection.request(request.method, request.path, request.body or None, headers)
        response = self._connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, response.read())

    def expect(self, request: HttpRequest, status: int = 200) -> Answer:
        """Send it and insist on the status. Raises WrongAnswer."""
        answer = self.send(request)
        if answer.status != status:
            raise WrongAnswer(
                f"{request.method} {request.path} answered {answer.status} instead of {status}: "
                f"{answer.body[:300]!r}"
            )
        return answer

    def close(self) -> None:
        self._connection.close()
