"""Deny by default: every route names who may call it, or the application does not start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.types import Scope

from aibc.http.access import AccessRule, access_of
from aibc.http.body_guard import is_streaming
from aibc.http.hot import HotRead
from aibc.http.hot_writes import HotWrite


class RouteWithoutActor(Exception):
    """A route says nowhere who may call it."""


def flattened(prefix: str, router: APIRouter) -> Iterator[APIRoute]:
    """The routes of a router under a prefix, as routes of their own.

    The framework keeps an included router as a table inside the table, and searches it twice for
    every request that comes by.
    """
    for route in router.routes:
        if not isinstance(route, APIRoute):
            raise TypeError(f"{route} cannot stand in a router: declare it as a hot read.")
        declared = {name: getattr(route, name) for name in _DECLARATION if hasattr(route, name)}
        declared["path"] = prefix + route.path
        declared["generate_unique_id_function"] = _operation_id
        yield APIRoute(**declared)


_DECLARATION = tuple(signature(APIRoute.__init__).parameters)[1:]


def _operation_id(route: APIRoute) -> str:
    return route.name


def iter_routes(app: FastAPI) -> Iterator[tuple[str, str, AccessRule]]:
    """Method, path and rule of every route. Raises RouteWithoutActor where the rule is missing."""
    for context in iter_route_contexts(app.routes):
        rule = _rule_of(context)
        path = context.path_format or context.path or ""
        if rule is None:
            raise RouteWithoutActor(
                f"{path} names no actor type: add Learner, Staff, Admin or Public to its signature."
            )
        for method in sorted((context.methods or {"GET"}) - {"HEAD"}):
            yield method, path, rule


def require_actors(app: FastAPI) -> None:
    """Raise RouteWithoutActor unless every route names an actor type."""
    for _ in iter_routes(app):
        pass


def route_templates(app: FastAPI) -> Callable[[Scope], str]:
    """A function that names the route a request went to by its template, for logs and metrics."""
    templates: dict[int, str] = {}

    def route_of(scope: Scope) -> str:
        if not templates:
            for context in iter_route_contexts(app.routes):
                templates[id(_endpoint_of(context))] = context.path_format or context.path or ""
        return templates.get(id(scope.get("endpoint")), "unmatched")

    return route_of


def streaming_routes(app: FastAPI) -> Callable[[Scope], bool]:
    """A function that tells whether a request goes to a route marked `streams_body`."""
    patterns: list[Any] | None = None

    def streams(scope: Scope) -> bool:
        nonlocal patterns
        if patterns is None:
            contexts = iter_route_contexts(app.routes)
            patterns = [c.path_regex for c in contexts if is_streaming(c.endpoint)]
        return any(pattern.match(scope["path"]) for pattern in patterns)

    return streams


def _endpoint_of(context: RouteContext) -> Any:
    return context.endpoint if context.endpoint is not None else getattr(context.route, "app", None)


def _rule_of(context: RouteContext) -> AccessRule | None:
    endpoint = _endpoint_of(context)
    if isinstance(endpoint, HotRead | HotWrite):
        return endpoint.rule
    if isinstance(context.original_route, APIRoute):
        rules = list(_rules_within(context.dependant))
        return max(rules, key=_strictness, default=None)
    return access_of(endpoint)


def _rules_within(dependant: Dependant) -> Iterator[AccessRule]:
    for dependency in dependant.dependencies:
        rule = access_of(dependency.call)
        if rule is not None:
            yield rule
        yield from _rules_within(dependency)


def _strictness(rule: AccessRule) -> int:
    """Of several rules on one route the strictest decides, because all of them are asked."""
    return 0 if rule.is_public else -len(rule.roles) + 100
