"""Refuses requests under a foreign host name or with a NUL in their address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from aibc.http.errors import InvalidHost, InvalidTextInAddress

_HOST = re.compile(rb"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class AddressGuard:
    """Lets a request pass that names a host we answer under.

    A page of a hostile site can make a browser resolve the site's own name to this machine; the
    Host header is what gives it away.
    """

    def __init__(self, app: ASGIApp, *, public_url: str, allowed_hosts: Iterable[str]) -> None:
        self._app = app
        public_host = urlsplit(public_url).netloc.rpartition("@")[2].encode("idna").decode()
        matched = _HOST.fullmatch(public_host.encode())
        names = [*LOCAL_HOSTS, *allowed_hosts]
        if matched:
            names.append(matched["name"].decode())
        self._names = frozenset(name.lower().encode() for name in names)
        self._is_ours = lru_cache(maxsize=256)(self._names_us)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            self._check_host(scope)
            self._check_text(scope)
            self._drop_trailing_slash(scope)
        await self._app(scope, receive, send)

    def _check_host(self, scope: Scope) -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            raise InvalidHost

    def _names_us(self, host: bytes) -> bool:
        matched = _HOST.fullmatch(host)
        return matched is not None and matched["name"].lower() in self._names

    def _check_text(self, scope: Scope) -> None:
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            raise InvalidTextInAddress

    def _drop_trailing_slash(self, scope: Scope) -> None:
        """`/users/` is `/users`: a redirect would lose the body and, in browsers, the token."""
        path = scope["path"]
        if len(path) > 1 and path.endswith("/") and not path.endswith("//"):
            scope["path"] = path[:-1]
