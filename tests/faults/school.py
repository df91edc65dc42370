"""A running service with a course, learners without number, and what must hold after any fault."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx

from aibc.accounts.tokens import Tokens
from aibc.database.pool import Database
from aibc.settings import DatabaseSettings, TokenSettings
from aibc.storage.local import LocalStore
from aibc.submissions.sweep import TEMPORARY_AGE, sweep
from fixtures.catalog import add_module, add_pathway, add_resource, add_user
from fixtures.server import SOURCES, LiveServer
from submissions.calls import API, stored_files

TEXT = b"All work and no play makes a dull boy.\n"


@dataclass(frozen=True)
class Learner:
    """Somebody signed in."""

    user_id: UUID
    headers: dict[str, str]


@dataclass
class School:
    """What the tests of faults work with; `database_url` leads past any proxy."""

    server: LiveServer
    database_url: str
    exercise: str
    tokens: Tokens
    storage_directory: Path | None = None  # where this process sees it, if elsewhere

    @property
    def storage(self) -> Path:
        return self.storage_directory or self.server.data_directory / "storage"

    async def learner(self) -> Learner:
        """A new learner with a session, without the cost of a password."""
        async with connected(self.database_url) as connection:
            user_id = await add_user(connection, email=f"{secrets.token_hex(8)}@example.com")
            session: UUID = await connection.fetchval(
                "INSERT INTO sessions (user_id, expires_at) "
                "VALUES ($1, clock_timestamp() + interval '1 day') RETURNING id",
                user_id,
            )
        token = self.tokens.issue(user_id, session).access_token
        return Learner(user_id, {"Authorization": f"Bearer {token}"})

    def client(self, learner: Learner, *, port: int | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port or self.server.port}",
            timeout=180.0,
            headers=learner.headers,
        )

    async def hand_in(
        self, learner: Learner, content: bytes, key: str, *, port: int | None = None
    ) -> httpx.Response | None:
        """Send a text file; None where no answer came."""
        try:
            async with self.client(learner, port=port) as client:
                return await client.post(
                    f"{API}/users/me/resources/{self.exercise}/upload",
                    files={"file": ("work.txt", content, "text/plain")},
                    headers={"Idempotency-Key": key},
                )
        except httpx.HTTPError:
            return None

    async def hand_in_at_last(self, learner: Learner, content: bytes, key: str) -> UUID:
        """Send it with the same key until it is taken; returns the submission's id."""
        for _ in range(200):
            answer = await self.hand_in(learner, content, key)
            if answer is not None and answer.status_code == 200:
                return UUID(answer.json()["submission_id"])
            assert answer is None or answer.status_code in (409, 503), answer.text
            await self.query("UPDATE idempotency_keys SET leased_until = clock_timestamp()")
            await asyncio.sleep(0.1)
        raise AssertionError("it was never taken")

    async def query(self, statement: str, *given: object) -> list[asyncpg.Record]:
        async with connected(self.database_url) as connection:
            return list(await connection.fetch(statement, *given))

    async def until_healthy(self, seconds: float = 30.0) -> None:
        """Wait until a worker answers; the service is started again if it is gone."""
        process = self.server.process
        assert process
        for _ in range(int(seconds / 0.05)):
            if process.poll() is not None:
                self.server.start()
                return
            if await asyncio.to_thread(self.server.is_healthy):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(self.server.output)

    async def settle(self) -> None:
        """Let everything's time be over, and sweep."""
        await self.query("UPDATE uploads SET expires_at = now() WHERE state = 'claimed'")
        past = TEMPORARY_AGE.total_seconds() + 60
        for file in stored_files(self.storage):
            if file.suffix == ".part":
                os.utime(file, (file.stat().st_atime, file.stat().st_mtime - past))
        database = await Database.open(
            DatabaseSettings(url=self.database_url, embedded=False, pool_size=2)
        )
        store = LocalStore(self.storage)
        await sweep(database, store)
        await store.close()
        await database.close()

    async def broken_rules(self) -> list[str]:
        """What does not hold though it has to, always; call it when nothing is under way."""
        broken: list[str] = []
        submissions = await self.query("SELECT * FROM resource_submissions")
        for row in submissions:
            file = self.storage / row["object_key"]
            if not file.is_file():
                broken.append(f"{file} is gone")
            elif file.stat().st_size != row["file_size_bytes"]:
                broken.append(f"{file} has another size")
            elif hashlib.sha256(file.read_bytes()).hexdigest() != row["sha256"]:
                broken.append(f"{file} holds other bytes")
        uploads = await self.query("SELECT * FROM uploads")
        known = {row["object_key"] for row in uploads}
        broken += [
            f"{file} belongs to no upload"
            for file in stored_files(self.storage)
            if str(file.relative_to(self.storage)) not in known
        ]
        broken += [f"upload {row['id']} hangs" for row in uploads if row["state"] == "claimed"]
        finished = [row["submission_id"] for row in uploads if row["state"] == "finalised"]
        if sorted(finished) != sorted(row["id"] for row in submissions):
            broken.append("uploads and submissions are not one to one")
        return broken


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def open_school(
    server: LiveServer, settings: dict[str, str], database_url: str = ""
) -> School:
    """A course in the database of a service that runs or is about to."""
    url = database_url or settings["DATABASE_URL"]
    async with connected(url) as connection:
        module = await add_module(connection, await add_pathway(connection))
        exercise = await add_resource(connection, module, type="exercise", requires_upload=True)
    secret = TokenSettings(settings["JWT_SECRET_KEY"], settings["JWT_REFRESH_SECRET_KEY"])
    return School(server, url, exercise, Tokens(secret))


def with_trapdoors(server: LiveServer, door: Path) -> LiveServer:
    """Start the service by the launcher that can let it die at a step."""
    server.program = (sys.executable, "-m", "faults.launcher")
    server.set(TRAPDOOR=str(door), PYTHONPATH=f"{SOURCES}:{Path(__file__).parents[1]}")
    return server
