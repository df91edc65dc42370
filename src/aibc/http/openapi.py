"""The description of the API: every operation with its bearer, its errors and its example."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from aibc.http.access import AccessRule
from aibc.http.problems import MEDIA_TYPE, TITLES, Problem
from aibc.http.routes import iter_routes

Responses = dict[int | str, dict[str, Any]]

SIGN_IN_PATH = "/api/v1/auth/login"

_MEANINGS = {
    400: "Not possible as things stand; the sentence says why.",
    401: "No valid credential: sign in, or refresh the access token.",
    403: "Your role may not do this, or the account is suspended.",
    404: "Not there, or not yours.",
    409: "Not possible in the present state; the sentence says what is.",
    413: "Too large.",
    415: "Not a type that is taken here.",
    422: "A field is wrong; `errors` lists which.",
    423: "Locked after too many wrong passwords; `Retry-After` says for how long.",
    429: "A limit is reached; `Retry-After` says when to come back.",
    500: "A fault of ours, in the log under the `request_id`; report that if it stays.",
    503: "A dependency is down; `Retry-After` says when to come back.",
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds until it is worth another try.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {
        "WWW-Authenticate": {
            "description": "The kind of credential that is asked for.",
            "schema": {"type": "string"},
        }
    },
    **dict.fromkeys((423, 429, 503), _RETRY_AFTER),
}
_SCHEMA_REFERENCE = {"$ref": "#/components/schemas/Problem"}


def problems(*statuses: int, **sentences: str) -> Responses:
    """The error answers of a route, for its `responses=`.

    401, 403, 404, 413, 422, 500 and 503 are added where they follow from the route's shape; name
    the others. A sentence of your own goes by keyword: `problems(404, s409="Already reviewed.")`.
    """
    described = {status: _MEANINGS[status] for status in statuses}
    described |= {int(name.removeprefix("s")): text for name, text in sentences.items()}
    return {status: _problem_answer(status, text) for status, text in described.items()}


def describe(app: FastAPI, hidden_routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of the app's routes and of routes that only `hidden_routes` declare."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=[*app.routes, *hidden_routes],
        tags=app.openapi_tags,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= schemas["Problem"].pop("$defs", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {
        "password": {
            "type": "oauth2",
            "description": "Sign in here; leave the client's fields empty.",
            "flows": {"password": {"tokenUrl": SIGN_IN_PATH, "scopes": {}}},
        },
        "bearer": {
            "type": "http",
            "description": "Or paste an access token.",
            "scheme": "bearer",
            "bearerFormat": "JWT",
        },
    }
    rules = {(method.lower(), path): rule for method, path, rule in iter_routes(app)}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(operation, path, rules[method, path])
    return document


def _complete(operation: dict[str, Any], path: str, rule: AccessRule) -> None:
    answers = operation["responses"]
    answers.pop("422", None) if _is_framework_422(answers.get("422")) else None
    for status in _implied_statuses(operation, path, rule):
        answers.setdefault(str(status), _problem_answer(status, _MEANINGS[status]))
    operation["responses"] = dict(sorted(answers.items()))
    if not rule.is_public:
        operation["security"] = [{"password": []}, {"bearer": []}]
        operation["x-actor"] = rule.name


def _implied_statuses(operation: dict[str, Any], path: str, rule: AccessRule) -> list[int]:
    takes_body = "requestBody" in operation
    statuses = [] if rule.is_public else [401, 403]
    if "{" in path:
        statuses.append(404)
    if takes_body:
        statuses += [413, 415]
    if takes_body or any(one["in"] != "header" for one in operation.get("parameters", ())):
        statuses.append(422)
    if path.startswith(("/api/", "/files/")):
        statuses += [500, 503]
    return statuses


def _is_framework_422(answer: dict[str, Any] | None) -> bool:
    return answer is not None and "HTTPValidationError" in str(answer)


def _problem_answer(status: int, meaning: str) -> dict[str, Any]:
    code = {
        400: "bad_request",
        401: "session_ended",
        403: "role_refused",
        404: "not_found",
        413: "body_too_large",
        415: "unsupported_media_type",
        422: "validation_error",
        423: "sign_in_locked",
        429: "too_many_requests",
        500: "internal_error",
        503: "database_unavailable",
    }.get(status, "conflict")
    example = {
        "type": f"https://learn.example/problems/{code}",
        "title": TITLES[status],
        "status": status,
        "detail": meaning,
        "instance": "/api/v1/…",
        "code": code,
        "request_id": "5f0c2b7de1a94c63b8d02f17",
    }
    return {
        "description": meaning,
        "headers": _HEADERS.get(status, {}),
        "content": {MEDIA_TYPE: {"schema": _SCHEMA_REFERENCE, "example": example}},
    }
