"""The HTTP API at a glance: one line a router, hot routes before all others."""

from __future__ import annotations

from fastapi import APIRouter

from aibc.accounts import routes as auth_routes
from aibc.accounts import user_routes
from aibc.catalog import routes as catalog_routes
from aibc.http import docs_pages, health
from aibc.http.hot import HotRoutes
from aibc.http.hot_writes import HotWrites
from aibc.progress import overview_reads, pathway_routes, quiz_routes
from aibc.progress import reads as progress_reads
from aibc.progress import routes as progress_routes
from aibc.progress import writes as progress_writes
from aibc.reviews import module_routes
from aibc.reviews import quiz_routes as staff_quiz_routes
from aibc.reviews import routes as review_routes
from aibc.submissions import direct_routes as direct_upload_routes
from aibc.submissions import routes as submission_routes

DESCRIPTION = """
Sign in with “Authorize”, or with `POST /api/v1/auth/login`, and send the access token as
`Authorization: Bearer …`.

Times are UTC, ISO 8601, ending in `Z`. Everything answers 200 but sign-up, which answers 201.
Errors are problem documents (RFC 9457): `detail` is a sentence to show, `code` a stable name to
act on, `request_id` what to quote in a report.
"""

TAGS: list[dict[str, str]] = [
    {"name": "auth", "description": "Sign up, sign in, stay signed in, sign out."},
    {"name": "users", "description": "Accounts: your own, and for administrators all."},
    {"name": "progress", "description": "How far you are on each pathway."},
    {"name": "resources", "description": "What there is to do, and your record on each."},
    {"name": "submissions", "description": "Hand in files, fetch them, take them back."},
    {"name": "reviews", "description": "For instructors: what waits, and what was decided."},
    {"name": "health", "description": "Is it up, can it work?"},
]

HOT_READS: tuple[HotRoutes, ...] = (
    progress_reads.resources,
    progress_reads.progress,
    overview_reads.hot,
    catalog_routes.pathways,
    catalog_routes.resources,
    user_routes.hot,
    review_routes.hot_reads,
)

HOT_WRITES: tuple[HotWrites, ...] = (progress_writes.resources,)

HOT_ROUTES: tuple[HotRoutes | HotWrites, ...] = (*HOT_READS, *HOT_WRITES)

ROUTERS: tuple[tuple[str, APIRouter], ...] = (
    ("/api/v1/auth", auth_routes.router),
    ("/api/v1/users", user_routes.router),
    ("", health.router),
    ("", docs_pages.router),
    ("/api/v1/resources", progress_routes.resources_router),
    ("/api/v1/resources", quiz_routes.router),
    ("/api/v1/progress", pathway_routes.router),
    ("/api/v1/progress", module_routes.router),
    ("/api/v1/resources", submission_routes.router),
    ("/api/v1/resources", direct_upload_routes.router),
    ("/api/v1/resources", review_routes.router),
    ("/api/v1/resources", staff_quiz_routes.router),
    ("", submission_routes.files_router),
    ("", direct_upload_routes.files_router),
)
