"""The migration runner: each file once, whole or not at all, however many start it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from aibc.database.errors import DatabaseUnavailable
from aibc.database.migrate import MigrationError, migrate, migration_files, pending
from aibc.database.programs import find_programs
from fixtures.embedded import ask

FIRST = """
BEGIN;
CREATE TABLE schema_migrations (version text PRIMARY KEY, applied_at timestamptz DEFAULT now());
INSERT INTO schema_migrations (version) VALUES ('000_first');
CREATE TABLE first_thing (id int);
COMMIT;
"""
SECOND = """
BEGIN;
INSERT INTO schema_migrations (version) VALUES ('001_second');
CREATE TABLE second_thing (id int);
COMMIT;
"""
SLOW = SECOND.replace("CREATE", "SELECT pg_sleep(60);\nCREATE")
FORGETFUL = "BEGIN; CREATE TABLE second_thing (id int); COMMIT;"
BROKEN = SECOND.replace("CREATE TABLE", "CREATE TABEL")
OPEN_END = SECOND.replace("COMMIT;", "")

RUN_SCRIPT = """
import asyncio, sys
from pathlib import Path
from aibc.database.migrate import migrate
asyncio.run(migrate(sys.argv[1], Path(sys.argv[2])))
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "000_first.sql").write_text(FIRST)
    (tmp_path / "notes.sql").write_text("SELECT 'not a migration'")
    return tmp_path


async def test_the_projects_migrations_apply_once(empty_database_url: str) -> None:
    versions = [file.stem for file in migration_files()]
    assert await pending(empty_database_url) == versions
    assert await migrate(empty_database_url) == versions
    assert await pending(empty_database_url) == []
    assert await migrate(empty_database_url) == []


async def test_of_four_at_once_one_applies_and_all_end_ready(empty_database_url: str) -> None:
    outcomes = await asyncio.gather(*(migrate(empty_database_url) for _ in range(4)))
    versions = [file.stem for file in migration_files()]
    assert sorted(outcomes) == [[], [], [], versions]


def test_psql_applies_the_projects_migrations_as_well(empty_database_url: str) -> None:
    programs = find_programs()
    for file in migration_files():
        programs.run(
            "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", empty_database_url, "-f", str(file)
        )
    assert asyncio.run(pending(empty_database_url)) == []


async def test_a_later_file_is_applied_after_those_recorded(
    empty_database_url: str, directory: Path
) -> None:
    assert await migrate(empty_database_url, directory) == ["000_first"]
    (directory / "001_second.sql").write_text(SECOND)
    assert await pending(empty_database_url, directory) == ["001_second"]
    assert await migrate(empty_database_url, directory) == ["001_second"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (BROKEN, "001_second failed at line 4 and changed nothing: syntax error"),
        (FORGETFUL, "must begin with BEGIN, record '001_second'"),
        (OPEN_END, "must begin with BEGIN, record '001_second'"),
    ],
)
async def test_a_wrong_file_fails_and_can_be_mended(
    empty_database_url: str, directory: Path, text: str, sentence: str
) -> None:
    file = directory / "001_second.sql"
    file.write_text(text)
    with pytest.raises(MigrationError, match=sentence):
        await migrate(empty_database_url, directory)
    assert await pending(empty_database_url, directory) == ["001_second"]
    await _forget_second_thing(empty_database_url)
    file.write_text(SECOND)
    assert await migrate(empty_database_url, directory) == ["001_second"]


async def _forget_second_thing(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("DROP TABLE IF EXISTS second_thing")
    await connection.close()


async def test_a_run_killed_half_way_leaves_nothing_and_the_next_one_completes(
    empty_database_url: str, directory: Path
) -> None:
    (directory / "001_second.sql").write_text(SLOW)
    runner = subprocess.Popen(
        [sys.executable, "-c", RUN_SCRIPT, empty_database_url, str(directory)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = "
    for _ in range(500):
        if await ask(empty_database_url, f"{asleep} current_database()"):
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the second migration never began")
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    stop = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    await ask(empty_database_url, f"{stop} AND datname = current_database()")
    assert await ask(empty_database_url, "SELECT to_regclass('second_thing')") is None
    (directory / "001_second.sql").write_text(SECOND)
    assert await migrate(empty_database_url, directory) == ["001_second"]


async def test_a_held_table_fails_the_migration_instead_of_stopping_the_service(
    empty_database_url: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aibc.database.migrate.LOCK_TIMEOUT", "50ms")
    await migrate(empty_database_url, directory)
    (directory / "001_second.sql").write_text(
        SECOND.replace(
            "CREATE TABLE second_thing", "ALTER TABLE first_thing ADD COLUMN two int; --"
        )
    )
    holder = await asyncpg.connect(empty_database_url)
    async with holder.transaction():
        await holder.execute("LOCK TABLE first_thing IN ACCESS SHARE MODE")
        with pytest.raises(MigrationError, match="lock timeout"):
            await migrate(empty_database_url, directory)
    await holder.close()
    assert await migrate(empty_database_url, directory) == ["001_second"]


async def test_an_unreachable_database_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        await migrate(f"postgresql://nobody@/nowhere?host={tmp_path}")


async def test_a_directory_without_migrations_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="no migrations in"):
        migration_files(tmp_path)


def test_an_installed_package_brings_its_migrations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "aibc" / "_data" / "migrations"
    shutil.copytree(migration_files()[0].parent, installed)
    monkeypatch.setattr("aibc.shipped._PACKAGE", tmp_path / "aibc")
    assert migration_files()[0].parent == installed
