"""The reference application."""

from __future__ import annotations

from fastapi import FastAPI

from benchmarks.reference import reads, writes


def create_app() -> FastAPI:
    app = FastAPI(title="Reference")
    app.include_router(reads.router)
    app.include_router(writes.router)

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "healthy"}

    return app
