"""Files in a bucket are shown like those on the local disk, through the same contract."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aibc.app import Application
from aibc.storage.bucket import BucketStore
from submissions.samples import archive
from web.previews.conftest import Room, make_room
from web.previews.hostile import pdf, picture

FILES = {
    "work.txt": ("text/plain", b"Words in a bucket", "Words in a bucket"),
    "work.png": ("image/png", picture(), 'src="data:image/png;base64,iVBOR'),
    "work.pdf": ("application/pdf", pdf(), 'id="file">JVBERi'),
    "work.zip": ("application/zip", archive([("src/main.py", b"x")]), "src/main.py"),
}


@pytest.fixture
async def room(application: Application, connection: Any, bucket_store: BucketStore) -> Room:
    """The room of a service whose files are in a bucket."""
    application.state.aibc = replace(application.state.aibc, store=bucket_store)
    return await make_room(connection, bucket_store, application.settings)


@pytest.mark.parametrize("name", list(FILES))
async def test_a_file_in_a_bucket_is_shown(room: Room, anonymous: Any, name: str) -> None:
    media, content, expected = FILES[name]
    response = await anonymous.get(await room.preview(content, name, media))
    assert response.status_code == 200
    assert expected in response.text


async def test_attempts_in_a_bucket_are_compared(room: Room, anonymous: Any) -> None:
    earlier = await room.hand_in(b"one", "a.txt", "text/plain")
    later = await room.hand_in(b"two", "a.txt", "text/plain")
    response = await anonymous.get(await room.comparison_of(earlier, later))
    assert "<del>one</del>" in response.text
