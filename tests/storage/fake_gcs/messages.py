"""Requests and answers of the fake."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """`body` is what arrived; `is_whole` is False when the connection broke before its end."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    is_whole: bool = True

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def query_items(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Refusal(Exception):
    """An answer of refusal, as the XML API words it."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.reply = Reply(
            status,
            {"Content-Type": "application/xml; charset=UTF-8"},
            f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code>"
            f"<Message>{message}</Message></Error>".encode(),
        )


def json_reply(content: Any, status: int = 200) -> Reply:
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(content).encode())


def json_refusal(status: int, message: str) -> Reply:
    return json_reply({"error": {"code": status, "message": message}}, status)
