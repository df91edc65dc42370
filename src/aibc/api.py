"""The HTTP API at a glance: one line a router, hot reads before all others."""

from __future__ import annotations

from fastapi import APIRouter

from aibc.http import docs_pages, health
from aibc.http.hot import HotRoutes
from aibc.web import home

DESCRIPTION = """
Sign in with `POST /api/v1/auth/login` and send the access token as `Authorization: Bearer …`.

Times are UTC, ISO 8601, ending in `Z`. Everything answers 200 but sign-up, which answers 201.
Errors are problem documents (RFC 9457): `detail` is a sentence to show, `code` a stable name to
act on, `request_id` what to quote in a report.
"""

TAGS: list[dict[str, str]] = [
    {"name": "auth", "description": "Sign up, sign in, stay signed in, sign out."},
    {"name": "users", "description": "Accounts: your own, and for administrators all."},
    {"name": "health", "description": "Is it up, can it work?"},
]

HOT_READS: tuple[HotRoutes, ...] = ()

ROUTERS: tuple[tuple[str, APIRouter], ...] = (
    ("", health.router),
    ("", home.router),
    ("", docs_pages.router),
)
