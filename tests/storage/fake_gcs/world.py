"""What the fake knows: accounts, tokens, buckets with their objects, and the faults to come."""

from __future__ import annotations

import base64
import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import google_crc32c


@dataclass
class Account:
    """`permissions` hold on every bucket; `can_sign`: it may call signBlob for itself."""

    email: str
    private_key: str
    permissions: frozenset[str]
    can_sign: bool = True


@dataclass(frozen=True)
class StoredObject:
    content: bytes
    generation: int
    content_type: str
    content_disposition: str
    content_encoding: str
    metadata: dict[str, str]

    @property
    def crc32c(self) -> str:
        return base64.b64encode(google_crc32c.value(self.content).to_bytes(4, "big")).decode()

    @property
    def md5(self) -> str:
        return base64.b64encode(hashlib.md5(self.content, usedforsecurity=False).digest()).decode()


@dataclass
class Session:
    """A resumable upload; `headers` are those it was started with."""

    bucket: str
    key: str
    headers: dict[str, str]
    received: bytearray = field(default_factory=bytearray)
    finished: bool = False


@dataclass
class Fault:
    """Strikes the next `times` requests of `method` whose path contains `path`.

    `kind`: status (refuse before anything is done), reset, stall (after `after_bytes` of the body,
    either way), break (of an answer's body), corrupt (a byte, either way), lose_answer (do it, say
    nothing).
    """

    kind: str
    method: str
    path: str = ""
    times: int = 1
    status: int = 503
    after_bytes: int = 0
    seconds: float = 3600.0


@dataclass
class Bucket:
    objects: dict[str, StoredObject] = field(default_factory=dict)
    cors: list[dict[str, Any]] = field(default_factory=list)
    is_public: bool = False


class World:
    """One per process."""

    def __init__(self) -> None:
        self.address = ""
        self.accounts: dict[str, Account] = {}
        self.platform_account = ""
        self.tokens: dict[str, tuple[str, datetime]] = {}
        self.buckets: dict[str, Bucket] = {}
        self.sessions: dict[str, Session] = {}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.clock_offset = timedelta(0)
        self.page_size = 10
        self.numbers = itertools.count(1)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock_offset

    def issue_token(self, email: str) -> dict[str, Any]:
        token = f"fake-token-{next(self.numbers)}"
        self.tokens[token] = (email, self.now() + timedelta(seconds=3600))
        return {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}

    def strike(self, method: str, target: str) -> Fault | None:
        """The fault due for this request, which then has one time less."""
        for fault in self.faults:
            if fault.times > 0 and fault.method in ("*", method) and fault.path in target:
                fault.times -= 1
                return fault
        return None
