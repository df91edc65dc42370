"""What is known about one request while it is answered; shared by middleware, log and routes."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from time import perf_counter
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope

SCOPE_KEY = "aibc.request"

_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass
class RequestInfo:
    request_id: str
    started: float = field(default_factory=perf_counter)
    user_id: UUID | None = None
    is_hot: bool = False

    @property
    def milliseconds(self) -> float:
        return round((perf_counter() - self.started) * 1000, 2)


def begin(scope: Scope, sent_id: str | None) -> RequestInfo:
    """Start the record of a request. A caller's own id is kept when it is harmless in a log."""
    keep = sent_id is not None and _ACCEPTABLE_ID.fullmatch(sent_id)
    info = RequestInfo(sent_id if keep and sent_id else secrets.token_hex(12))
    scope[SCOPE_KEY] = info
    return info


def info_of(scope: Scope) -> RequestInfo:
    """The record of this request; a fresh one where no middleware ran before."""
    info = scope.get(SCOPE_KEY)
    return info if isinstance(info, RequestInfo) else begin(scope, None)


async def get_request_id(request: Request) -> str:
    return info_of(request.scope).request_id


RequestIdDep = Annotated[str, Depends(get_request_id)]
