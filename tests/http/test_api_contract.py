"""Requests made up from the API description get answers that the description holds.

Schemathesis sends what the description allows and what it forbids, as every kind of caller: no
faults, no undescribed status, header, body or method, nothing malformed accepted.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from aibc.database.migrate import migration_files
from fixtures.people import sign_up, tokens_of
from fixtures.server import LiveServer

SECONDS = "6"
SAMPLE_DATA = migration_files()[0].with_name("sample_data.sql")
# Rules that no schema can say (this resource takes no files, that quiz has no such question) refuse
# requests of the right shape; each has its own test. These two would end the caller's session.
LEFT_OUT = (
    "--exclude-checks=positive_data_acceptance",
    "--exclude-path-regex=logout|change-password",
)


@pytest.fixture(scope="module")
def school(live_server: LiveServer) -> LiveServer:
    """The service with the sample catalog."""
    asyncio.run(_execute(live_server, SAMPLE_DATA.read_text(encoding="utf-8")))
    return live_server


async def _execute(server: LiveServer, statement: str, *arguments: object) -> None:
    connection = await asyncpg.connect(server.database_url)
    await connection.execute(statement, *arguments)
    await connection.close()


async def _token(server: LiveServer, role: str) -> str:
    email = f"{uuid4().hex}@example.com"
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as api:
        await sign_up(api, email)
        await _execute(server, "UPDATE users SET role = $1 WHERE email = $2", role, email)
        token: str = (await tokens_of(api, email))["access_token"]
    return token


@pytest.mark.parametrize("caller", ["anonymous", "student", "instructor", "admin"])
def test_every_answer_is_one_that_the_description_holds(
    school: LiveServer, tmp_path: Path, caller: str
) -> None:
    credential = []
    if caller != "anonymous":
        credential = ["--header", f"Authorization: Bearer {asyncio.run(_token(school, caller))}"]
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{school.url}/openapi.json",
            *credential,
            "--checks=all",
            *LEFT_OUT,
            f"--max-time={SECONDS}",
            "--phases=examples,coverage,fuzzing",
            "--seed=1",
            "--warnings=off",
            "--continue-on-failure",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=300,
    )
    assert run.returncode == 0, run.stdout[-10_000:]
    assert "Operations" in run.stdout
