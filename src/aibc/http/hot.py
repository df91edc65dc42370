"""Hot reads: plain routes without the framework's cost, under the same rules as every other.

A handler gets the request and a caller whose token is verified. Its one SQL statement reads the
caller's session, state and role along with the data; the accounts slice's `admit` judges that
row. An answer of a handler that has not admitted its caller is never sent.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, TypeAlias, get_type_hints

from fastapi import APIRouter, Query
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.routing import BaseRoute, Route, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from aibc.http import conditional
from aibc.http.access import AccessRule, Caller, access_of
from aibc.http.context import get_state
from aibc.http.problems import validation_error
from aibc.http.request_info import info_of

Handler: TypeAlias = Callable[..., Awaitable[ASGIApp]]


class CallerNotAdmitted(Exception):
    """A hot handler answered without judging the caller: a fault of ours, never sent."""


@dataclass(frozen=True)
class HotRead:
    """One hot route: an ASGI endpoint, and what the API description says about it."""

    path: str
    handler: Handler
    rule: AccessRule
    model: Any
    summary: str
    query: type[BaseModel] | None
    responses: dict[int | str, dict[str, Any]]
    is_conditional: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        info = info_of(scope)
        info.is_hot = True
        identity = get_state(request).tokens.identify(_authorization(scope))
        info.user_id = identity.user_id
        caller = Caller(identity.user_id, identity.session_id, self.rule)
        response = await self.handler(request, caller, *self._parsed_query(request))
        if not caller.admitted:
            raise CallerNotAdmitted(self.path)
        await response(scope, receive, send)

    def _parsed_query(self, request: Request) -> tuple[BaseModel, ...]:
        if self.query is None:
            return ()
        try:
            return (self.query.model_validate(dict(request.query_params)),)
        except ValidationError as error:
            errors = [{**item, "loc": ("query", *item["loc"])} for item in error.errors()]
            raise validation_error(request, errors) from None


def _authorization(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            sent: bytes = value
            return sent.decode("latin-1")
    return None


class HotDispatch:
    """Takes hot reads past the framework, whose stack costs more than many of them."""

    def __init__(self, app: ASGIApp, reads: Iterable[HotRead]) -> None:
        self._app = app
        self._patterns = [(compile_path(read.path)[0].match, read) for read in reads]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            for match, read in self._patterns:
                matched = match(scope["path"])
                if matched is not None:
                    scope["endpoint"], scope["path_params"] = read, matched.groupdict()
                    return await read(scope, receive, send)
        return await self._app(scope, receive, send)


class HotRoutes:
    """The hot reads of one slice."""

    def __init__(self, prefix: str, tags: list[str | Enum]) -> None:
        self._prefix = prefix
        self._tags = tags
        self._reads: list[HotRead] = []

    def get(
        self,
        path: str,
        *,
        actor: Any,
        response_model: Any,
        summary: str,
        query: type[BaseModel] | None = None,
        responses: dict[int | str, dict[str, Any]] | None = None,
        is_conditional: bool = True,
    ) -> Callable[[Handler], Handler]:
        """Register `handler(request, caller[, query])` for GET under an actor type.

        A conditional one answers with an ETag, by `aibc.http.conditional`.
        """
        rule = access_of(actor)
        if rule is None or rule.is_public:
            raise TypeError(f"{self._prefix}{path} must name the actor type it is for")

        def register(handler: Handler) -> Handler:
            self._reads.append(
                HotRead(
                    path=self._prefix + path,
                    handler=handler,
                    rule=rule,
                    model=response_model,
                    summary=summary,
                    query=query,
                    responses=responses or {},
                    is_conditional=is_conditional,
                )
            )
            return handler

        return register

    def __iter__(self) -> Iterator[HotRead]:
        return iter(self._reads)

    def routes(self) -> Iterator[BaseRoute]:
        """The same as routes of the framework, for whatever looks at its table."""
        for read in self._reads:
            yield Route(read.path, endpoint=read, methods=["GET"], include_in_schema=False)

    def described(self) -> Iterator[BaseRoute]:
        """The same routes as the framework would declare them: for the API description only."""
        router = APIRouter(tags=self._tags)
        for read in self._reads:
            answers, request = read.responses, None
            if read.is_conditional:
                answers = {**answers, **conditional.DESCRIBED_ANSWERS}
                request = conditional.DESCRIBED_REQUEST
            router.add_api_route(
                read.path,
                _described_endpoint(read),
                methods=["GET"],
                response_model=read.model,
                summary=read.summary,
                responses=answers,
                openapi_extra=request,
                operation_id=read.handler.__name__,
            )
        yield from router.routes


def _described_endpoint(read: HotRead) -> Callable[..., Any]:
    """A function whose signature is the route's parameters. It is never called."""

    async def endpoint() -> None:
        raise CallerNotAdmitted(read.path)

    hints = get_type_hints(read.handler)
    names = compile_path(read.path)[2]
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=hints.get(name, str))
        for name in names
    ]
    if read.query is not None:
        annotation: Any = Annotated[read.query, Query()]
        parameters.append(
            inspect.Parameter("query", inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
        )
    endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    endpoint.__doc__ = read.handler.__doc__
    endpoint.__name__ = read.handler.__name__
    return endpoint
