"""Every route names who may call it, and the API description tells the whole truth."""

from __future__ import annotations

import re
from inspect import iscoroutinefunction
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aibc.accounts.actors import Admin, Learner, Public, Staff, admit
from aibc.app import Application
from aibc.http.access import Caller
from aibc.http.hot import HotRoutes
from aibc.http.routes import RouteWithoutActor, flattened, iter_routes, require_actors
from aibc.http.schemas import RequestModel
from fixtures.application import SignIn, client_of
from fixtures.catalog import MakeUser
from fixtures.problems import assert_problem

PUBLIC_API = {
    ("POST", "/api/v1/auth/signup"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/logout"),
}


async def nothing() -> None: ...


async def plain(_: Request) -> Response:
    return Response()


def test_a_route_without_an_actor_stops_the_start() -> None:
    app = FastAPI(openapi_url=None)
    app.add_api_route("/forgotten", nothing)
    with pytest.raises(RouteWithoutActor, match="/forgotten"):
        require_actors(app)


def test_a_plain_route_without_an_actor_stops_the_start() -> None:
    app = FastAPI(openapi_url=None)
    app.router.routes.append(Route("/forgotten", plain))
    with pytest.raises(RouteWithoutActor, match="/forgotten"):
        require_actors(app)


def test_a_hot_read_without_an_actor_cannot_be_declared() -> None:
    hot = HotRoutes("/api", ["test"])
    with pytest.raises(TypeError, match="actor"):
        hot.get("/forgotten", actor=str, response_model=str, summary="Forgotten")


def test_of_two_rules_on_one_route_the_stricter_is_named() -> None:
    app = FastAPI(openapi_url=None)

    async def both(one: Learner, other: Admin) -> None:
        assert one != other

    async def open_and_staff(actor: Staff) -> None:
        assert actor

    app.add_api_route("/both", both)
    app.add_api_route("/mixed", open_and_staff, dependencies=[Public])
    names = {path: rule.name for _, path, rule in iter_routes(app)}
    assert names == {"/both": "admin", "/mixed": "staff"}


def test_of_the_accounts_api_only_the_door_is_public(application: Application) -> None:
    found = {
        (method, path)
        for method, path, rule in iter_routes(application)
        if rule.is_public and path.startswith(("/api/v1/auth", "/api/v1/users"))
    }
    assert found == PUBLIC_API


async def test_a_hot_read_that_judges_nobody_sends_nothing(
    application: Application, sign_in: SignIn, make_user: MakeUser
) -> None:
    hot = HotRoutes("/api/v1/test", ["test"])

    @hot.get("/forgetful", actor=Learner, response_model=str, summary="Forgetful")
    async def forgetful(_: Request, __: Caller) -> Response:
        return Response("private")

    application.router.routes.extend(hot.routes())
    response = await (await sign_in(await make_user())).get("/api/v1/test/forgetful")
    assert_problem(response, 500, "internal_error")
    assert "private" not in response.text


async def test_a_hot_read_without_a_session_row_is_refused(
    application: Application, sign_in: SignIn, make_user: MakeUser
) -> None:
    hot = HotRoutes("/api/v1/test", ["test"])

    @hot.get("/empty", actor=Learner, response_model=str, summary="Empty")
    async def empty(_: Request, caller: Caller) -> Response:
        admit(caller, None)
        return Response("private")

    application.router.routes.extend(hot.routes())
    response = await (await sign_in(await make_user())).get("/api/v1/test/empty")
    assert_problem(response, 401, "session_ended")


async def test_a_hot_read_refuses_an_anonymous_caller(application: Application) -> None:
    async with client_of(application) as client:
        assert_problem(await client.get("/api/v1/users/me"), 401, "sign_in_required")


def operations(application: Application) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in application.openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_route_of_the_api_is_described(application: Application) -> None:
    described = {name for name, _ in operations(application)}
    served = {f"{m} {p}" for m, p, _ in iter_routes(application) if p.startswith("/api/")}
    assert served <= described


def test_every_operation_has_a_summary_an_id_a_tag_and_a_bearer(application: Application) -> None:
    rules = {f"{method} {path}": rule for method, path, rule in iter_routes(application)}
    ids = [operation["operationId"] for _, operation in operations(application)]
    assert len(ids) == len(set(ids))
    for name, operation in operations(application):
        assert operation["summary"], name
        assert operation["tags"], name
        assert ("security" in operation) is not rules[name].is_public, name


def test_every_operation_names_the_errors_that_follow_from_its_shape(
    application: Application,
) -> None:
    for name, operation in operations(application):
        answers = operation["responses"]
        needed = set()
        if "security" in operation:
            needed |= {"401", "403"}
        if "/api/" in name:
            needed |= {"500", "503"}
        if "{" in name:
            needed |= {"404"}
        if "requestBody" in operation:
            needed |= {"413", "422"}
        assert needed <= set(answers), name
        for status, answer in answers.items():
            if status >= "400":
                content = answer["content"]["application/problem+json"]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, name
                assert content["example"]["status"] == int(status), name


def test_the_schemas_of_the_framework_own_errors_are_gone(application: Application) -> None:
    schemas = application.openapi()["components"]["schemas"]
    assert {"Problem", "FieldProblem"} <= set(schemas)
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)


def test_no_dependency_is_sent_to_a_thread(application: Application) -> None:
    """A plain function would wait for a thread of a small pool, on every request."""

    def plain(dependant: Dependant) -> list[str]:
        calls = [dependency.call for dependency in dependant.dependencies]
        names = [str(call) for call in calls if not iscoroutinefunction(call)]
        return names + [name for inner in dependant.dependencies for name in plain(inner)]

    for context in iter_route_contexts(application.routes):
        if isinstance(context.original_route, APIRoute):
            assert iscoroutinefunction(context.endpoint), context.path
            assert plain(context.dependant) == [], context.path


def test_a_router_with_anything_but_declared_routes_is_refused() -> None:
    router = APIRouter()
    router.routes.append(Route("/plain", plain))
    with pytest.raises(TypeError, match="hot read"):
        list(flattened("", router))


def request_models(base: type[RequestModel] = RequestModel) -> dict[str, type[RequestModel]]:
    found = {base.__name__: base}
    for model in base.__subclasses__():
        found |= request_models(model)
    return found


def sample_of(schema: dict[str, Any]) -> Any:
    """The body that the API page offers: the schema's example, or those and defaults of fields."""
    if "examples" in schema:
        return schema["examples"][0]
    fields = schema["properties"].items()
    given = {name: field.get("examples", [field.get("default")])[0] for name, field in fields}
    return {name: value for name, value in given.items() if value is not None}


def test_every_body_that_is_sent_has_an_example_which_is_accepted(application: Application) -> None:
    schemas = application.openapi()["components"]["schemas"]
    models = request_models()
    tried = 0
    for operation_name, operation in operations(application):
        content = operation.get("requestBody", {}).get("content", {})
        body = str(content.get("application/json", {}).get("schema", {}))
        for name in re.findall(r"schemas/(\w+)", body):
            sample = sample_of(schemas[name])
            assert sample, f"{operation_name} has no example"
            models[name].model_validate(sample)
            tried += 1
    assert tried > 10


def test_the_api_page_can_sign_in(application: Application) -> None:
    """Its form asks the route of the description for a token, as OAuth 2 says."""
    document = application.openapi()
    flow = document["components"]["securitySchemes"]["password"]["flows"]["password"]
    taken = document["paths"][flow["tokenUrl"]]["post"]["requestBody"]["content"]
    assert "application/x-www-form-urlencoded" in taken
