"""Errors as pages, for people who follow links and send forms; programs get problem documents."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from aibc.errors import AibcError
from aibc.http.errors import CredentialRefused
from aibc.http.request_info import info_of
from aibc.web.templating import render
from aibc.web.visitors import unidentified

_PROGRAM_PATHS = ("/api/", "/files/", "/static/", "/health/", "/metrics", "/openapi.json")

_HEADINGS = {
    403: "This is not open to you",
    404: "There is nothing here",
    409: "That is not possible now",
    429: "A moment, please",
    503: "AIBC is catching its breath",
}


def error_page(error: AibcError, scope: Scope) -> Response | None:
    """The page for an error, or None where a program asked."""
    request = Request(scope)
    if scope["path"] == "/health" or scope["path"].startswith(_PROGRAM_PATHS):
        return None
    if isinstance(error, CredentialRefused):
        return _to_sign_in(request)
    if "text/html" not in request.headers.get("accept", ""):
        return None
    return render(
        unidentified(request),  # nobody is looked up while something is wrong
        "error.html",
        status=error.status,
        headers=error.headers,
        heading=_HEADINGS.get(error.status, "That did not work"),
        sentence=error.detail,
        code=error.code,
        request_id=info_of(scope).request_id,
    )


def _to_sign_in(request: Request) -> Response | None:
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    if "text/html" not in request.headers.get("accept", ""):
        return None
    wanted = request.url.path if request.method == "GET" else "/"
    if request.method == "GET" and request.url.query:
        wanted += f"?{request.url.query}"
    return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", 303)
