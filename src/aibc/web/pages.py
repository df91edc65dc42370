"""The pages at a glance: one line a router."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from aibc.web import accents, assets, home, sign_in, styleguide
from aibc.web.admin import catalog, users
from aibc.web.health import exports
from aibc.web.health import pages as health
from aibc.web.learner import dashboard, pathways, resources
from aibc.web.previews import routes as previews

ROUTERS: tuple[APIRouter, ...] = (
    home.router,
    sign_in.router,
    styleguide.router,
    accents.router,
    previews.router,
    users.router,
    dashboard.router,
    pathways.router,
    resources.router,
    catalog.router,
    exports.router,  # before the pages, whose pathways could be named `export`
    health.router,
)


def mount(app: FastAPI) -> None:
    """Serve the pages' own files."""
    previews.mount(app)
    app.mount(assets.PREFIX, assets.Assets())
