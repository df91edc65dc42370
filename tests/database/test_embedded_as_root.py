"""The embedded PostgreSQL, seen by other users of the machine. Collected for root alone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from aibc.database.embedded import EmbeddedServer
from aibc.database.programs import Identity, find_programs
from aibc.database.sockets import SOCKET_NAME
from fixtures.embedded import ask


async def test_another_user_is_refused_even_with_the_socket_open_to_all(
    start: Callable[[], EmbeddedServer], made_directory: Path
) -> None:
    server = start()
    for directory in made_directory.parents:
        if directory.stat().st_uid == 0 and directory != Path("/"):
            directory.chmod(directory.stat().st_mode | 0o011)
    made_directory.chmod(0o755)
    (made_directory / "socket").chmod(0o755)
    (made_directory / "socket" / SOCKET_NAME).chmod(0o777)
    program = find_programs().directory / "psql"
    for name in ("nobody", "daemon"):
        user = pwd.getpwnam(name)
        result = subprocess.run(
            ["psql" if shutil.which("psql") else str(program), server.url, "-c", "SELECT 1"],
            capture_output=True,
            check=False,
            encoding="utf-8",
            cwd="/",
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )
        assert "Peer authentication failed" in result.stderr
        assert result.returncode == 2


async def test_root_gives_the_server_away_where_namespaces_are_forbidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody = pwd.getpwnam("nobody")
    ids = (nobody.pw_uid, nobody.pw_gid)
    identity = Identity(f"user:{ids[0]}:{ids[1]}", "root", ids)
    monkeypatch.setattr("aibc.database.programs._identities", lambda: [identity])
    directory = Path("/var/tmp") / f"aibc-test-{os.getpid()}"
    try:
        with EmbeddedServer(directory / "data", durable=False) as server:
            assert server.process_id
            assert psutil.Process(server.process_id).uids().real == nobody.pw_uid
            assert await ask(server.url, "SELECT 1") == 1
    finally:
        shutil.rmtree(directory)
