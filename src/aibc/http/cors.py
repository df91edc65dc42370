"""Which other origins may read our answers in a browser (CORS)."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Content-Disposition",
    "Idempotency-Key",
    "If-None-Match",
    "X-Request-ID",
    # Bound into the signature of a direct upload, so the browser must send them.
    "x-goog-content-length-range",
    "x-goog-hash",
    "x-goog-if-generation-match",
)
EXPOSED_HEADERS = (
    "ETag",
    "Location",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Content-Disposition",
    "X-Request-ID",
)
PREFLIGHT_SECONDS = 7200  # browsers keep a preflight no longer than this

RawHeaders = list[tuple[bytes, bytes]]


class CorsPolicy:
    """Origins from the settings; credentials such as cookies are never allowed."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)
        self._any = b"*" in self._origins
        self._exposed = (
            b"access-control-expose-headers",
            ", ".join(EXPOSED_HEADERS).encode(),
        )

    def allows(self, origin: bytes | None) -> bool:
        return origin is not None and (self._any or origin in self._origins)

    def headers_for(self, origin: bytes | None) -> RawHeaders:
        """The headers of an answer to a request from `origin`."""
        if origin is None or not self.allows(origin):
            return []
        return [(b"access-control-allow-origin", origin), self._exposed]


class Preflights:
    """Answers a browser's question whether a request would be allowed, without asking a route."""

    def __init__(self, app: ASGIApp, policy: CorsPolicy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "OPTIONS":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        if "origin" not in headers or "access-control-request-method" not in headers:
            return await self._app(scope, receive, send)
        answer = Response(status_code=204)
        if self._policy.allows(headers["origin"].encode("latin-1")):
            answer.headers.update(_PERMISSIONS)
        return await answer(scope, receive, send)


_PERMISSIONS = {
    "Access-Control-Allow-Methods": ", ".join(METHODS),
    "Access-Control-Allow-Headers": ", ".join(REQUEST_HEADERS),
    "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    "Cache-Control": f"max-age={PREFLIGHT_SECONDS}",
}
