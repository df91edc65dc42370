"""Headers that stand on every answer, errors too, unless a route has set its own."""

from __future__ import annotations

from functools import lru_cache

from aibc.http.cors import CorsPolicy, RawHeaders

# An answer is data: nothing in it may run, load or be framed.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_DEFAULTS: dict[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": DATA_POLICY.encode(),
    b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
    b"cache-control": b"no-store",
}
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class ResponseHeaders:
    """Completes the headers of an answer before they are sent."""

    def __init__(self, cors: CorsPolicy, *, is_https: bool) -> None:
        self._cors = cors
        self._defaults = _DEFAULTS | (dict([_HTTPS_ONLY]) if is_https else {})
        self._missing = lru_cache(maxsize=256)(self._find_missing)

    def complete(self, headers: RawHeaders, origin: bytes | None, request_id: str) -> RawHeaders:
        """`headers`, the defaults they leave open, CORS, Vary and the request's id."""
        names = tuple([name for name, _ in headers])
        completed = [*headers, *self._missing(names)]
        if b"vary" in names:
            completed = _vary_by_origin(completed)
        else:
            completed.append((b"vary", b"Origin"))
        completed.append((b"x-request-id", request_id.encode("ascii")))
        if b"access-control-allow-origin" not in names:
            completed.extend(self._cors.headers_for(origin))
        return completed

    def _find_missing(self, names: tuple[bytes, ...]) -> RawHeaders:
        return [item for item in self._defaults.items() if item[0] not in names]


def _vary_by_origin(headers: RawHeaders) -> RawHeaders:
    if any(name == b"vary" and b"origin" in value.lower() for name, value in headers):
        return headers
    return [
        (name, value + b", Origin") if name == b"vary" else (name, value) for name, value in headers
    ]
