"""The layers around the application, outermost first. All are plain ASGI: each costs microseconds.

Observation     id, headers, log line, and the answer to whatever breaks inside
HeadRequests    HEAD as the GET it stands for
Preflights      CORS questions, answered before anything is looked up
AddressGuard    host names, NULs, trailing slashes
BodyGuard       size and pace of bodies
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Scope

from aibc.errors import AibcError
from aibc.http.access import TokenVerifier
from aibc.http.address_guard import AddressGuard
from aibc.http.body_guard import BodyDeadlines, BodyGuard
from aibc.http.cors import CorsPolicy, Preflights
from aibc.http.head_requests import HeadRequests
from aibc.http.observation import Observation
from aibc.http.problems import Problems
from aibc.http.response_headers import ResponseHeaders
from aibc.settings import Settings

ORDINARY_BODY = BodyDeadlines(idle_seconds=10, total_seconds=30)


def wrap(
    app: ASGIApp,
    settings: Settings,
    tokens: TokenVerifier,
    problems: Problems,
    route_of: Callable[[Scope], str],
    streams: Callable[[Scope], bool],
    has_page_session: Callable[[Headers], bool],
) -> ASGIApp:
    """`app` inside its layers."""
    has_token = _has_valid_token(tokens)
    server, uploads = settings.server, settings.uploads
    policy = CorsPolicy(server.cors_origins)
    app = BodyGuard(
        app,
        ordinary=ORDINARY_BODY,
        streamed=BodyDeadlines(uploads.body_idle_seconds, uploads.body_total_seconds),
        streams=streams,
        is_known=lambda headers: has_token(headers) or has_page_session(headers),
    )
    app = AddressGuard(app, public_url=server.public_url, allowed_hosts=server.allowed_hosts)
    app = HeadRequests(Preflights(app, policy))
    headers = ResponseHeaders(policy, is_https=server.public_url.startswith("https://"))
    return Observation(app, problems=problems, headers=headers, route_of=route_of)


def _has_valid_token(tokens: TokenVerifier) -> Callable[[Headers], bool]:
    def is_known(headers: Headers) -> bool:
        try:
            tokens.identify(headers.get("authorization"))
        except AibcError:
            return False
        return True

    return is_known
