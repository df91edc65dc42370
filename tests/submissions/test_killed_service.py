"""kill -9 in the middle of an upload: nothing visible, nothing wrong, the next start is clean."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from aibc.settings import MEBIBYTE
from aibc.submissions.sweep import TEMPORARY_AGE
from fixtures.server import LiveServer, real_settings
from submissions.calls import API, hand_in, own_submissions, stored_files
from submissions.sockets import HEAD, PIECE, Classroom, RawUpload, open_classroom
from submissions.waiting import until

STATES = "SELECT state FROM uploads ORDER BY claimed_at"


async def states(classroom: Classroom) -> list[str]:
    return [state for (state,) in await classroom.query(STATES)]


async def kill_while_uploading(classroom: Classroom, token: str) -> None:
    """Let the service die with a megabyte of a file on its disk."""
    server, length = classroom.server, 20 * MEBIBYTE
    async with RawUpload.begin(server, classroom.project, token, length) as upload:
        await upload.send(HEAD + PIECE * 16)

        async def begun() -> bool:
            return any(file.suffix == ".part" for file in stored_files(classroom.storage))

        await until(begun)
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL


async def test_a_service_killed_in_mid_upload_starts_again_as_if_nothing_had_been(
    make_server: Callable[..., LiveServer], database_url: str
) -> None:
    server = make_server(**real_settings(database_url)).start()
    classroom = await open_classroom(server)
    token = await classroom.token("unlucky@example.com")
    await kill_while_uploading(classroom, token)

    server.start()
    assert await states(classroom) == ["claimed"]
    async with classroom.client(token) as client:
        assert await own_submissions(client, classroom.project) == []
        progress = await client.get(f"{API}/users/me/resources/{classroom.project}/progress")
        assert progress.status_code == 404
        response = await hand_in(client, classroom.project)
        assert response.status_code == 200
        assert response.json()["attempt"] == 1
        # What is under way counts until it is settled.
        assert response.headers["ratelimit-remaining"] == "8"

    await classroom.query("UPDATE uploads SET expires_at = now() WHERE state = 'claimed'")
    for file in stored_files(classroom.storage):
        if file.suffix == ".part":
            long_ago = time.time() - TEMPORARY_AGE.total_seconds() - 1
            os.utime(file, (long_ago, long_ago))
    swept = server.run("sweep")
    assert swept.returncode == 0, swept.stderr
    assert swept.stdout == "Settled 1 uploads, removed 1 temporary files.\n"
    assert await states(classroom) == ["abandoned", "finalised"]
    assert [file.suffix for file in stored_files(classroom.storage)] == [".png"]
    async with classroom.client(token) as client:
        response = await hand_in(client, classroom.project)
        assert response.headers["ratelimit-remaining"] == "8"
