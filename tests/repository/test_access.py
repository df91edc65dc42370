"""Who may call what: every route × every kind of caller × whose work it is.

The table below is written by hand and compared with the routes of the running application: a
route that is missing from it fails the suite, so nobody adds a door without saying who it is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from aibc.app import Application
from aibc.http.routes import iter_routes
from fixtures.application import SignIn, client_of
from fixtures.browsers import Visit, browser_of
from fixtures.catalog import Connection, MakeSlug, MakeSubmission, MakeUser

R, P, A, U = "/api/v1/resources", "/api/v1/progress", "/api/v1/auth", "/api/v1/users"

PUBLIC = {
    f"POST {A}/signup",
    f"POST {A}/login",
    f"POST {A}/refresh",
    f"POST {A}/logout",
    "GET /",
    "GET /health",
    "GET /health/ready",
    "GET /metrics",
    "GET /problems/{code}",
    "GET /docs",
    "GET /redoc",
    "GET /openapi.json",
    "GET /static/{path}",
    "GET /accents.css",
    "GET /styleguide",
    "GET /sign-in",
    "POST /sign-in",
    "GET /sign-up",
    "POST /sign-up",
    "POST /sign-out",
    "GET /static/api/{path}",
    # The signature is the credential; its own tests alter every part of it.
    "GET /files/{submission_id}",
    "PUT /files/uploads/{upload_id}",
    "GET /preview/{token}",
}
LEARNER = {
    f"POST {A}/change-password",
    f"GET {U}/me",
    f"GET {U}/profile",
    f"POST {U}/onboarding/complete",
    f"GET {P}/pathways",
    f"GET {P}/pathways/{{slug}}",
    f"GET {P}/pathways/{{slug}}/explain",
    f"GET {P}/user/summary",
    f"GET {P}/user/dashboard",
    f"GET {P}/user/dashboard-optimized",
    f"POST {P}/user/start-pathway",
    f"PUT {P}/user/pathway/{{slug}}",
    f"POST {P}/modules/complete",
    f"GET {P}/modules/completions",
    f"GET {P}/achievements",
    f"GET {P}/achievements/user",
    f"GET {P}/streak",
    f"GET {R}/pathways/{{pathway_id}}/resources",
    f"GET {R}/modules/{{module_id}}/resources",
    f"GET {R}/modules/{{module_id}}/resources-with-progress",
    f"GET {R}/users/me/resources/{{resource_id}}/progress",
    f"POST {R}/users/me/resources/{{resource_id}}/start",
    f"PUT {R}/users/me/resources/{{resource_id}}/progress",
    f"POST {R}/users/me/resources/{{resource_id}}/complete",
    f"DELETE {R}/users/me/resources/{{resource_id}}/complete",
    f"POST {R}/users/me/resources/{{resource_id}}/upload",
    f"POST {R}/users/me/resources/{{resource_id}}/uploads",
    f"POST {R}/users/me/uploads/{{upload_id}}/finalize",
    f"GET {R}/users/me/resources/{{resource_id}}/submissions",
    f"GET {R}/users/me/submissions/download/{{submission_id}}",
    f"DELETE {R}/users/me/submissions/{{submission_id}}",
    f"POST {R}/users/me/resources/{{resource_id}}/quiz/attempts",
    f"GET {R}/users/me/resources/{{resource_id}}/quiz/attempts",
}
STAFF = {
    f"GET {P}/modules/pending-reviews",
    f"POST {P}/modules/{{completion_id}}/approve",
    f"POST {P}/modules/{{completion_id}}/undo",
    f"GET {P}/modules/{{completion_id}}/history",
    f"GET {R}/admin/submissions/pending",
    f"POST {R}/admin/submissions/{{submission_id}}/review",
    f"POST {R}/admin/submissions/{{submission_id}}/undo",
    f"POST {R}/admin/submissions/{{submission_id}}/claim",
    f"DELETE {R}/admin/submissions/{{submission_id}}/claim",
    f"GET {R}/admin/submissions/{{submission_id}}/history",
    f"POST {R}/admin/modules/{{module_id}}/check-auto-approve",
    f"POST {R}/admin/quizzes/{{resource_id}}/grant-attempt",
    f"GET {R}/admin/quizzes/{{resource_id}}/statistics",
    f"POST {R}/admin/quizzes/{{resource_id}}/regrade",
}
ADMIN = {f"GET {U}", f"PATCH {U}/{{user_id}}"}
TABLE = {"public": PUBLIC, "learner": LEARNER, "staff": STAFF, "admin": ADMIN}

# Pages know their visitors by a cookie and send those who have none to the sign-in.
LEARNER_PAGES = {
    "GET /account",
    "POST /account/password",
    "GET /dashboard",
    "GET /pathways/{slug}",
    "GET /pathways/{slug}/why",
    "GET /modules/{module_id}",
    "POST /modules/{module_id}/hand-in",
    "GET /resources/{resource_id}",
    "POST /resources/{resource_id}/start",
    "POST /resources/{resource_id}/complete",
    "POST /resources/{resource_id}/uncomplete",
    "POST /resources/{resource_id}/minutes",
    "POST /resources/{resource_id}/attempts",
    "GET /resources/{resource_id}/attempts/{number}",
    "POST /resources/{resource_id}/upload",
    "POST /resources/{resource_id}/uploads",
    "POST /uploads/{upload_id}/finalize",
    "GET /resources/{resource_id}/hand-in",
    "GET /submissions",
    "GET /submissions/{submission_id}/file",
    "POST /submissions/{submission_id}/withdraw",
}
STAFF_PAGES = {
    "GET /review",
    "GET /review/count",
    "POST /review/next",
    "GET /review/comments",
    "POST /review/comments",
    "POST /review/comments/{comment_id}",
    "POST /review/comments/{comment_id}/remove",
    "GET /review/{submission_id}",
    "GET /review/{submission_id}/download",
    "POST /review/{submission_id}/decision",
    "POST /review/{submission_id}/undo",
    "POST /review/{submission_id}/claim",
    "POST /review/{submission_id}/release",
    "POST /review/{submission_id}/draft",
    "GET /review/modules",
    "GET /review/modules/{completion_id}",
    "POST /review/modules/{completion_id}/decision",
    "GET /learners",
    "GET /learners/{user_id}",
    "GET /learners/{user_id}/work",
    "GET /learners/{user_id}/quizzes",
    "POST /learners/{user_id}/quizzes/{resource_id}/grant",
    "GET /learners/{user_id}/pathways/{slug}",
    "GET /health-of-pathways",
    "GET /health-of-pathways/export/{table}",
    "GET /health-of-pathways/{slug}",
    "GET /health-of-pathways/{slug}/export/{table}",
    "GET /health-of-pathways/{slug}/quizzes/{resource_id}",
    "GET /health-of-pathways/{slug}/quizzes/{resource_id}/export",
}
ADMIN_PAGES = {
    "GET /admin/catalog",
    "GET /admin/catalog/pathways/{slug}",
    "GET /admin/catalog/export",
    "GET /admin/catalog/export/{slug}",
    "POST /admin/catalog/drafts",
    "GET /admin/catalog/drafts/{draft_id}",
    "POST /admin/catalog/drafts/{draft_id}/import",
    "POST /admin/catalog/drafts/{draft_id}/drop",
    "GET /admin/users",
    "GET /admin/users/{user_id}",
    "POST /admin/users/{user_id}",
}
PAGES = {"learner": LEARNER_PAGES, "staff": STAFF_PAGES, "admin": ADMIN_PAGES}

ALLOWED = {
    "anonymous": {"public"},
    "student": {"public", "learner"},
    "instructor": {"public", "learner", "staff"},
    "admin": {"public", "learner", "staff", "admin"},
    "suspended": {"public"},
}
# Of somebody else's work: the student sees as little as if it did not exist.
OTHERS_WORK = {
    f"GET {R}/users/me/submissions/download/{{submission_id}}": {"student"},
    f"DELETE {R}/users/me/submissions/{{submission_id}}": {"student", "instructor", "admin"},
    f"POST {R}/users/me/uploads/{{upload_id}}/finalize": {"student", "instructor", "admin"},
}
BODIES: dict[str, dict[str, Any]] = {
    "/review": {"submission_status": "approved", "grade": "pass"},
    "/progress": {"progress_percentage": 10},
    "/finalize": {},
    "/uploads": {"file_name": "a.png", "file_size_bytes": 1, "file_type": ""},
    "/quiz/attempts": {"answers": {}},
}


@dataclass(frozen=True)
class Place:
    """What the parameters of a path stand for, and whose submission it is."""

    pathway: str
    module: str
    resource: str
    submission: UUID
    upload: UUID
    user: UUID

    def path(self, template: str, submission: UUID | None = None) -> str:
        return template.format(
            pathway_id=self.pathway,
            slug=self.pathway,
            module_id=self.module,
            completion_id=uuid4(),
            upload_id=submission or self.upload,
            resource_id=self.resource,
            submission_id=submission or self.submission,
            user_id=self.user,
            draft_id=uuid4(),
            table="funnel",
            comment_id=uuid4(),
            code="not_found",
            path="nothing",
            number=1,
            token="none",
        )


@pytest.fixture
async def place(
    make_user: MakeUser,
    make_pathway: MakeSlug,
    make_module: MakeSlug,
    make_resource: MakeSlug,
    make_submission: MakeSubmission,
    connection: Connection,
) -> Place:
    owner = await make_user()
    pathway = await make_pathway()
    module = await make_module(pathway)
    resource = await make_resource(module, type="exercise", requires_upload=True)
    upload: UUID = await connection.fetchval(
        """
        INSERT INTO uploads (user_id, resource_id, transport, reserved_bytes, expires_at)
        VALUES ($1, $2, 'direct', 1, clock_timestamp() + interval '1 hour') RETURNING id
        """,
        owner,
        resource,
    )
    submission = await make_submission(owner, resource)
    return Place(pathway, module, resource, submission, upload, owner)


def routes_of(application: Application) -> dict[str, str]:
    return {f"{method} {path}": rule.name for method, path, rule in iter_routes(application)}


async def call(client: httpx.AsyncClient, route: str, path: str) -> httpx.Response:
    method = route.split()[0]
    body = next((body for end, body in BODIES.items() if route.endswith(end)), None)
    return await client.request(method, path, json=body if method in ("POST", "PUT") else None)


def without_request(problem: dict[str, Any]) -> dict[str, Any]:
    return {key: problem[key] for key in problem.keys() - {"request_id", "instance"}}


def test_every_route_stands_in_the_table_under_the_rule_it_names(application: Application) -> None:
    tables = [*TABLE.items(), *PAGES.items()]
    written = {route: rule for rule, routes in tables for route in routes}
    assert routes_of(application) == written


@pytest.mark.parametrize("caller", list(ALLOWED))
async def test_each_caller_passes_exactly_the_doors_that_are_theirs(
    application: Application, sign_in: SignIn, make_user: MakeUser, place: Place, caller: str
) -> None:
    if caller == "anonymous":
        client = client_of(application)
    else:
        suspended = caller == "suspended"
        user = await make_user(
            role="admin" if suspended else caller,
            account_status="suspended" if suspended else "active",
        )
        client = await sign_in(user)
    refusal = 401 if caller == "anonymous" else 403
    wrong = []
    for rule, routes in TABLE.items():
        # A public door that opens by its signature answers 403 by itself.
        for route in routes - PUBLIC:
            response = await call(client, route, place.path(route.split()[1]))
            refused = response.status_code in (401, 403)
            if refused == (rule in ALLOWED[caller]) or (
                refused and response.status_code != refusal
            ):
                wrong.append((route, response.status_code, response.text[:200]))
    assert wrong == []


@pytest.mark.parametrize("caller", list(ALLOWED))
async def test_each_visitor_sees_exactly_the_pages_that_are_theirs(
    application: Application, visit: Visit, make_user: MakeUser, place: Place, caller: str
) -> None:
    """A form without its token is refused to everybody, so only the way of refusing is compared."""
    if caller == "anonymous":
        browser = browser_of(application)
    else:
        suspended = caller == "suspended"
        browser = await visit(
            await make_user(
                role="admin" if suspended else caller,
                account_status="suspended" if suspended else "active",
            )
        )
    wrong = []
    for rule, routes in PAGES.items():
        for route in routes:
            method, template = route.split()
            response = await browser.request(method, place.path(template))
            if refusal_of_page(response) != (
                None
                if rule in ALLOWED[caller]
                else "sign in"
                if caller == "anonymous"
                else "refused"
            ):
                wrong.append((route, response.status_code, response.text[:200]))
    assert wrong == []


def refusal_of_page(response: httpx.Response) -> str | None:
    """How a page refused its visitor, or None: a foreign form has let the visitor in."""
    if response.status_code == 303 and response.headers["location"].startswith("/sign-in"):
        return "sign in"
    if response.status_code == 403 and "not sent from a page of this session" not in response.text:
        return "refused"
    return None


@pytest.mark.parametrize("route", sorted(OTHERS_WORK))
@pytest.mark.parametrize("caller", ["student", "instructor", "admin"])
async def test_the_work_of_others_looks_like_work_that_does_not_exist(
    sign_in: SignIn, make_user: MakeUser, place: Place, route: str, caller: str
) -> None:
    client = await sign_in(await make_user(role=caller))
    template = route.split()[1]
    theirs = await call(client, route, place.path(template))
    unknown = await call(client, route, place.path(template, uuid4()))
    assert unknown.status_code == 404
    if caller in OTHERS_WORK[route]:
        assert theirs.status_code == 404
        assert without_request(theirs.json()) == without_request(unknown.json())
    else:
        assert theirs.status_code == 200


def test_every_route_with_the_id_of_a_submission_says_what_others_see() -> None:
    mine = {route for route in LEARNER if "{submission_id}" in route or "{upload_id}" in route}
    assert mine == set(OTHERS_WORK)
