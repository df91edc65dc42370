"""Composition root: settings become a database, a store and the slices' services, these an app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from aibc import __version__
from aibc.accounts.passwords import Passwords
from aibc.accounts.tokens import Tokens
from aibc.api import DESCRIPTION, HOT_READS, HOT_ROUTES, HOT_WRITES, ROUTERS, TAGS
from aibc.catalog.snapshot import CatalogCache
from aibc.database.pool import Database
from aibc.http import docs_pages, middleware, openapi
from aibc.http.context import AppState
from aibc.http.hot import HotDispatch
from aibc.http.hot_writes import HotWriteDispatch
from aibc.http.logging import configure_logging
from aibc.http.problems import Problems
from aibc.http.routes import flattened, require_actors, route_templates, streaming_routes
from aibc.settings import Settings, load_settings
from aibc.storage import open_store
from aibc.submissions.sweep import sweeping
from aibc.web import pages
from aibc.web.error_pages import error_page
from aibc.web.visitors import page_session_check


class Application(FastAPI):
    """FastAPI inside our own layers, described with its hot reads."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            title="AIBC",
            summary="Pathways of an AI bootcamp: progress, submissions and reviews.",
            description=DESCRIPTION,
            version=__version__,
            openapi_tags=TAGS,
            lifespan=_lifespan,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
            redirect_slashes=False,
            # Logs and metrics are our own; the framework would ask for its own with every request.
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )
        self.settings = settings
        self.tokens = Tokens(settings.tokens)
        self.problems = Problems(settings.server.public_url, page_for=error_page)
        self.problems.install(self)

    def build_middleware_stack(self) -> ASGIApp:
        hot_reads = (read for reads in HOT_READS for read in reads)
        hot_writes = (write for writes in HOT_WRITES for write in writes)
        writing = HotWriteDispatch(super().build_middleware_stack(), hot_writes)
        inner = HotDispatch(writing, hot_reads)
        return middleware.wrap(
            inner,
            self.settings,
            self.tokens,
            self.problems,
            route_of=route_templates(self),
            streams=streaming_routes(self),
            has_page_session=page_session_check(self.settings, self.tokens),
        )

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            described = [route for hot in HOT_ROUTES for route in hot.described()]
            self.openapi_schema = openapi.describe(self, described)
        return self.openapi_schema


def create_app(settings: Settings | None = None) -> Application:
    """The application, ready to be served. Raises RouteWithoutActor and SettingsError."""
    settings = settings or load_settings()
    configure_logging(settings.server.log_level)
    app = Application(settings)
    for hot in HOT_ROUTES:
        app.router.routes.extend(hot.routes())
    for prefix, router in ROUTERS:
        app.router.routes.extend(flattened(prefix, router))
    for router in pages.ROUTERS:
        app.router.routes.extend(flattened("", router))
    docs_pages.mount(app)
    pages.mount(app)
    require_actors(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    assert isinstance(app, Application)  # noqa: S101  # it makes itself
    settings = app.settings
    database = await Database.open(settings.database)
    store = open_store(settings.storage)
    passwords = Passwords(settings.server.workers)
    try:
        app.state.aibc = AppState(
            settings=settings,
            database=database,
            store=store,
            tokens=app.tokens,
            passwords=passwords,
            catalog=CatalogCache(database),
        )
        async with sweeping(database, store):
            yield
    finally:
        passwords.close()
        await store.close()
        await database.close()
