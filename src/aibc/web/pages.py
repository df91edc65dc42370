"""The pages at a glance: one line a router."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from aibc.web import accents, assets, home, sign_in, styleguide

ROUTERS: tuple[APIRouter, ...] = (
    home.router,
    sign_in.router,
    styleguide.router,
    accents.router,
)


def mount(app: FastAPI) -> None:
    """Serve the pages' own files."""
    app.mount(assets.PREFIX, assets.Assets())
