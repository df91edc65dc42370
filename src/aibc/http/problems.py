"""Errors as RFC 9457 problem documents: one shape for everything that is refused or breaks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from aibc.errors import AibcError, FieldError
from aibc.http.errors import (
    MalformedBody,
    MethodNotAllowed,
    RouteNotFound,
    UnsupportedMediaType,
    ValidationFailed,
)
from aibc.http.request_info import info_of
from aibc.http.schemas import ResponseModel

MEDIA_TYPE = "application/problem+json"
CLIENT_CLOSED = 499  # nobody is there to read an answer; the log says so
# Pydantic's "Input should …", "String should …" say less than the field's own name.
_EXPECTATION = re.compile(r"^\w+ should")
UNEXPECTED = (
    "Something went wrong on our side. Please try again; if it stays, report the request id."
)


class FieldProblem(ResponseModel):
    """One wrong field."""

    field: str = Field(description="Where it stands, such as `email` or `answers.q1`.")
    message: str


class Problem(ResponseModel):
    """What every error looks like (RFC 9457)."""

    type: str = Field(description="A page that explains this kind of error.")
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(description="One sentence a person can act on.")
    instance: str = Field(description="The path that was asked for.")
    code: str = Field(description="Stable name of this kind of error.", examples=["not_found"])
    request_id: str = Field(description="Quote it when you report the error.")
    errors: list[FieldProblem] | None = Field(
        default=None, description="The wrong fields; with status 422 only."
    )


class RefusedBody(HTTPException):
    """Carries an error through the body parsers, which let nothing but this class pass."""

    def __init__(self, error: AibcError) -> None:
        super().__init__(error.status, error.detail)
        self.error = error


class Problems:
    """Makes problem documents; `public_url` is where their types are explained.

    `page_for` may show an error as a page instead, to somebody who asked for one.
    """

    def __init__(
        self,
        public_url: str,
        page_for: Callable[[AibcError, Scope], Response | None] | None = None,
    ) -> None:
        self._type_prefix = f"{public_url}/problems/"
        self._page_for = page_for

    def response(self, error: AibcError, scope: Scope) -> Response:
        """The answer for an error of the product."""
        page = self._page_for(error, scope) if self._page_for else None
        return page or self._document(error, scope)

    def _document(self, error: AibcError, scope: Scope) -> Response:
        document: dict[str, Any] = {
            "type": self._type_prefix + error.code,
            "title": TITLES.get(error.status, "Error"),
            "status": error.status,
            "detail": error.detail,
            "instance": quote(scope["path"]),
            "code": error.code,
            "request_id": info_of(scope).request_id,
        }
        if error.status == 422:
            document["errors"] = error.errors
        return Response(orjson.dumps(document), error.status, error.headers, MEDIA_TYPE)

    def unexpected(self, scope: Scope) -> Response:
        """The answer for a fault of ours, which says nothing about its inside."""
        return self.response(AibcError(UNEXPECTED), scope)

    def install(self, app: FastAPI) -> None:
        """Answer every exception that leaves a route with a problem document."""

        async def answer(request: Request, error: Exception) -> Response:
            if isinstance(error, ClientDisconnect):
                return Response(status_code=CLIENT_CLOSED)
            known = _as_product_error(request, error)
            return self.response(known or AibcError(UNEXPECTED), request.scope)

        for kind in (ClientDisconnect, AibcError, RequestValidationError, HTTPException, Exception):
            app.add_exception_handler(kind, answer)


def _as_product_error(request: Request, error: Exception) -> AibcError | None:
    if isinstance(error, AibcError):
        return error
    if isinstance(error, RequestValidationError):
        return validation_error(request, error.errors())
    if isinstance(error, HTTPException):
        return _framework_error(request, error)
    return None


def field_error(error: Any) -> FieldError:
    """What Pydantic found wrong with one field, as a field error."""
    location = error["loc"]
    field = ".".join(str(part) for part in location[1:] or location[:1])[:200]
    if error["type"] == "unstorable":
        field, message = error["ctx"]["field"][:200], error["msg"]
    elif error["type"] == "extra_forbidden":
        message = f"The field {field} is not known here. Please leave it out."
    elif error["type"] in ("model_attributes_type", "dict_type"):
        message = f"The {'field ' * bool(location[1:])}{field} must be a JSON object."
    elif error["type"] == "missing":
        message = f"The field {field} is missing." if location[1:] else "Please send a body."
    else:
        message = _EXPECTATION.sub("should", error["msg"].removeprefix("Value error, "))
    return FieldError(field=field, message=message)


def sentence_for(error: FieldError) -> str:
    """One sentence: the message itself where it is a sentence already."""
    message = error["message"]
    if message.endswith("."):
        return message
    if message.startswith(("should ", "must ", "is ", "holds ")):
        return f"The field {error['field']} {message}."
    return f"Please check {error['field']}: {message[:1].lower()}{message[1:]}."


def validation_error(request: Request, errors: Sequence[Any]) -> AibcError:
    """What Pydantic found wrong with a request, as an error of the product."""
    first = errors[0]
    if first["type"] == "json_invalid":
        reason = first["ctx"]["error"]
        return MalformedBody(
            f"The body is not valid JSON: {reason} at character {first['loc'][1]}."
        )
    if first["type"] == "model_attributes_type" and not is_json(request):
        return UnsupportedMediaType()
    fields = [field_error(error) for error in errors]
    return ValidationFailed(sentence_for(fields[0]), errors=fields)


def is_json(request: Request) -> bool:
    """Whether the body is said to be JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _framework_error(request: Request, error: HTTPException) -> AibcError:
    if isinstance(error, RefusedBody):
        return error.error
    if error.status_code == 405:
        return MethodNotAllowed(headers={"Allow": ", ".join(_methods_taken(request))})
    if error.status_code == 400:  # FastAPI: the body could not be decoded or parsed
        return MalformedBody()
    return RouteNotFound()


def _methods_taken(request: Request) -> list[str]:
    """By all routes at this address: the framework names those of the first alone."""
    taken: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            taken |= getattr(route, "methods", None) or set()
    if "GET" in taken:
        taken.add("HEAD")
    return sorted(taken)


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    423: "Locked",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
