"""The pages at a glance: one line a router."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from aibc.web import accents, assets, home, sign_in, styleguide
from aibc.web.admin import catalog, users
from aibc.web.health import exports
from aibc.web.health import pages as health
from aibc.web.learner import dashboard, files, pathways, quizzes, resources
from aibc.web.learners import pages as learners
from aibc.web.previews import routes as previews
from aibc.web.review import desk as review_desk
from aibc.web.review import modules as review_modules
from aibc.web.review import queue as review_queue
from aibc.web.review import saved as review_saved

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
    review_queue.router,
    review_saved.router,
    review_modules.router,
    review_desk.router,
    learners.router,
    quizzes.router,
    files.router,
)


def mount(app: FastAPI) -> None:
    """Serve the pages' own files."""
    previews.mount(app)
    app.mount(assets.PREFIX, assets.Assets())
