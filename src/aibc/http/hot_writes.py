"""Hot writes: routes that take a small JSON body past the framework, under the same rules.

A handler gets the request, a caller whose token is verified and the body its signature names. Its
one SQL statement judges the caller before it writes, and answers the row that `admit` judges again.
An answer of a handler that has not admitted its caller is never sent.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias, get_type_hints

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from aibc.errors import AibcError
from aibc.http.access import AccessRule, Caller, access_of
from aibc.http.context import get_state
from aibc.http.errors import MalformedBody
from aibc.http.hot import CallerNotAdmitted, Handler
from aibc.http.problems import CLIENT_CLOSED, is_json, validation_error
from aibc.http.request_info import info_of

Judge: TypeAlias = Callable[[Request, Caller], Awaitable[object]]


class HotBody:
    """The body that a handler's signature names, parsed and validated as the framework does."""

    def __init__(self, parameter: inspect.Parameter, annotation: Any) -> None:
        self.parameter = parameter.replace(
            annotation=annotation, kind=inspect.Parameter.KEYWORD_ONLY
        )
        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)

    def parse(self, request: Request, sent: bytes) -> Any:
        """What was sent, or the parameter's default. Raises ValidationFailed and its like."""
        value = _parsed(request, sent) if sent else None
        if value is None:
            if self.parameter.default is not inspect.Parameter.empty:
                return self.parameter.default
            raise validation_error(request, [{"type": "missing", "loc": ("body",)}])
        try:
            return self._adapter.validate_python(value, from_attributes=True)
        except ValidationError as error:
            errors = [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
            raise validation_error(request, errors) from None


def _parsed(request: Request, sent: bytes) -> Any:
    """The JSON value; the bytes themselves where they are said to be something else."""
    try:
        return json.loads(sent) if is_json(request) else sent
    except json.JSONDecodeError as error:
        position = {"type": "json_invalid", "loc": ("body", error.pos), "ctx": {"error": error.msg}}
        raise validation_error(request, [position]) from None
    except (ValueError, RecursionError):
        raise MalformedBody from None


@dataclass(frozen=True)
class HotWrite:
    """One hot route: an ASGI endpoint, and what the API description says about it."""

    method: str
    path: str
    handler: Handler
    rule: AccessRule
    judge: Judge
    body: HotBody | None
    model: Any
    summary: str
    responses: dict[int | str, dict[str, Any]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        info = info_of(scope)
        info.is_hot = True
        try:
            sent = await request.body()
        except ClientDisconnect:
            await Response(status_code=CLIENT_CLOSED)(scope, receive, send)
            return
        identity = get_state(request).tokens.identify(request.headers.get("authorization"))
        info.user_id = identity.user_id
        caller = Caller(identity.user_id, identity.session_id, self.rule)
        response = await self.handler(request, caller, *await self._body(request, caller, sent))
        if not caller.admitted:
            raise CallerNotAdmitted(self.path)
        await response(scope, receive, send)

    async def _body(self, request: Request, caller: Caller, sent: bytes) -> tuple[Any, ...]:
        if self.body is None:
            return ()
        try:
            return (self.body.parse(request, sent),)
        except AibcError:
            await self.judge(request, caller)  # who may not call learns that, and nothing else
            raise


class HotWriteDispatch:
    """Takes hot writes past the framework."""

    def __init__(self, app: ASGIApp, writes: Iterable[HotWrite]) -> None:
        self._app = app
        self._patterns = [
            (write.method, compile_path(write.path)[0].match, write) for write in writes
        ]
        self._methods = frozenset(method for method, _, _ in self._patterns)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in self._methods:
            for method, match, write in self._patterns:
                matched = match(scope["path"]) if method == scope["method"] else None
                if matched is not None:
                    scope["endpoint"], scope["path_params"] = write, matched.groupdict()
                    return await write(scope, receive, send)
        return await self._app(scope, receive, send)


class HotWrites:
    """The hot writes of one slice; `judge` admits a caller by a statement of its own."""

    def __init__(self, prefix: str, tags: list[str | Enum], judge: Judge) -> None:
        self._prefix = prefix
        self._tags = tags
        self._judge = judge
        self._writes: list[HotWrite] = []

    def add(
        self,
        method: str,
        path: str,
        *,
        actor: Any,
        response_model: Any,
        summary: str,
        responses: dict[int | str, dict[str, Any]] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Register `handler(request, caller[, body])` under an actor type.

        It may run twice for one request (the connection broke, and nobody knows whether it was
        carried out), so it has to be one that can.
        """
        rule = access_of(actor)
        if rule is None or rule.is_public:
            raise TypeError(f"{self._prefix}{path} must name the actor type it is for")

        def register(handler: Handler) -> Handler:
            parameters = list(inspect.signature(handler).parameters.values())[2:]
            hints = get_type_hints(handler)
            self._writes.append(
                HotWrite(
                    method=method,
                    path=self._prefix + path,
                    handler=handler,
                    rule=rule,
                    judge=self._judge,
                    body=HotBody(parameters[0], hints[parameters[0].name]) if parameters else None,
                    model=response_model,
                    summary=summary,
                    responses=responses or {},
                )
            )
            return handler

        return register

    def __iter__(self) -> Iterator[HotWrite]:
        return iter(self._writes)

    def routes(self) -> Iterator[BaseRoute]:
        """The same as routes of the framework, for whatever looks at its table."""
        for write in self._writes:
            yield Route(write.path, endpoint=write, methods=[write.method], include_in_schema=False)

    def described(self) -> Iterator[BaseRoute]:
        """The same routes as the framework would declare them: for the API description only."""
        router = APIRouter(tags=self._tags)
        for write in self._writes:
            router.add_api_route(
                write.path,
                _described_endpoint(write),
                methods=[write.method],
                response_model=write.model,
                summary=write.summary,
                responses=write.responses,
                operation_id=write.handler.__name__,
            )
        yield from router.routes


def _described_endpoint(write: HotWrite) -> Callable[..., Any]:
    """A function whose signature is the route's parameters. It is never called."""

    async def endpoint() -> None:
        raise CallerNotAdmitted(write.path)

    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=str)
        for name in compile_path(write.path)[2]
    ]
    if write.body is not None:
        parameters.append(write.body.parameter)
    endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    endpoint.__doc__ = write.handler.__doc__
    endpoint.__name__ = write.handler.__name__
    return endpoint
