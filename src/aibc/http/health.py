"""Is it up, can it work, how is it doing: for balancers, operators and Prometheus."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable
from typing import Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from aibc import __version__
from aibc.http import metrics
from aibc.http.access import Public
from aibc.http.addresses import is_loopback
from aibc.http.context import AppState, StateDep
from aibc.http.errors import MetricsRefused, NotReady
from aibc.http.openapi import problems
from aibc.http.schemas import ResponseModel

READY_SECONDS = 2.0

router = APIRouter(tags=["health"], dependencies=[Public])


class Health(ResponseModel):
    """The process is up."""

    status: Literal["healthy"]
    service: str = Field(examples=["aibc"])
    version: str = Field(examples=["0.1.0"])


class Readiness(ResponseModel):
    """The service and what it depends on can work."""

    status: Literal["ready"]
    database: Literal["up"]
    storage: Literal["up"]


@router.get("/health", summary="Is the process up?")
async def read_health() -> Health:
    """Answers without asking anything else, so that a slow database never restarts the service."""
    return Health(status="healthy", service="aibc", version=__version__)


@router.get("/health/ready", summary="Can it work?", responses=problems(503))
async def read_readiness(state: StateDep) -> Readiness:
    """Asks the database and the object storage, with two seconds for each."""
    down = await _what_is_down(state)
    if down:
        verb = "is" if len(down) == 1 else "are"
        raise NotReady(f"The {' and the '.join(down)} {verb} not answering at the moment.")
    return Readiness(status="ready", database="up", storage="up")


@router.get("/metrics", include_in_schema=False)
async def read_metrics(request: Request, state: StateDep) -> Response:
    """Figures in the Prometheus text format: for this machine, or for who knows METRICS_TOKEN."""
    server = state.settings.server
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    knows_token = bool(server.metrics_token) and hmac.compare_digest(
        given.encode(), server.metrics_token.encode()
    )
    if not knows_token and not is_loopback(request.scope, server.trusted_proxy_hops):
        raise MetricsRefused
    return Response(metrics.render_metrics(), media_type=metrics.MEDIA_TYPE)


async def _what_is_down(state: AppState) -> list[str]:
    answers = await asyncio.gather(
        _answers(state.database.fetch_value("SELECT 1")), _answers(state.store.check())
    )
    names = ("database", "object storage")
    return [name for name, is_up in zip(names, answers, strict=True) if not is_up]


async def _answers(question: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(READY_SECONDS):
            await question
    except Exception:  # whatever is wrong with it, it is not ready
        return False
    return True
