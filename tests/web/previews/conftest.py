"""One learner's attempts at one resource, with the bytes of files in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pytest

from aibc.app import Application
from aibc.settings import Settings
from aibc.storage.store import ObjectStore
from aibc.web.previews import comparison_url, preview_url
from fixtures.catalog import (
    Connection,
    add_module,
    add_pathway,
    add_resource,
    add_submission,
    add_user,
)


@dataclass(frozen=True)
class Room:
    """A learner who hands in, a reviewer who looks, and where both happen."""

    connection: Connection
    store: ObjectStore
    settings: Settings
    learner: UUID
    reviewer: UUID
    resource: str

    async def hand_in(self, content: bytes, file_name: str, file_type: str) -> UUID:
        """A finalised file of that content; returns its submission."""
        submission = await add_submission(
            self.connection,
            self.learner,
            self.resource,
            file_name=file_name,
            file_type=file_type,
            file_size_bytes=max(len(content), 1),
        )
        key = await self.connection.fetchval(
            "SELECT object_key FROM resource_submissions WHERE id = $1", submission
        )
        await self.store.put(
            key, _once(content), content_type=file_type, content_disposition="attachment"
        )
        return submission

    async def preview_of(self, submission: UUID, viewer: UUID | None = None) -> str:
        now = await self._now()
        return preview_url(self.settings, submission, viewer or self.reviewer, now=now)

    async def preview(self, content: bytes, file_name: str, file_type: str) -> str:
        """Hand in, and make the address of the frame for the reviewer."""
        return await self.preview_of(await self.hand_in(content, file_name, file_type))

    async def comparison_of(self, earlier: UUID, later: UUID) -> str:
        now = await self._now()
        return comparison_url(self.settings, earlier, later, self.reviewer, now=now)

    async def _now(self) -> datetime:
        now: datetime = await self.connection.fetchval("SELECT clock_timestamp()")
        return now


async def make_room(connection: Connection, store: ObjectStore, settings: Settings) -> Room:
    """A room with people and a resource of its own."""
    module = await add_module(connection, await add_pathway(connection))
    resource = await add_resource(connection, module, type="exercise", requires_upload=True)
    learner = await add_user(connection)
    reviewer = await add_user(connection, role="instructor")
    return Room(connection, store, settings, learner, reviewer, resource)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture
async def room(application: Application, connection: Connection) -> Room:
    """The room of the application in this process, whose files are on the local disk."""
    state = application.state.aibc
    return await make_room(connection, state.store, state.settings)
