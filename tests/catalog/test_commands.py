"""`aibc catalog import` and `export` as an operator types them."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from aibc.shipped import shipped_directory
from fixtures.catalog import Connection, add_user

PATHWAY = """\
id: painting
title: Painting
short_title: Paint
instructor: Ada Example
color: from-sky-500 to-blue-600
accent: "#1b78bb"
order_index: 1
modules:
  - id: first-strokes
    title: First strokes
"""
FILM = """\
    resources:
      - id: film-{0}
        type: video
        title: A film
"""


class Shell:
    """A directory to work in and a database to work on."""

    def __init__(self, directory: Path, database_url: str) -> None:
        self.directory = directory
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
            "COLUMNS": "100",
            **{
                name: secrets.token_hex(32)
                for name in ("JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY", "LINK_SECRET_KEY")
            },
        }

    def catalog(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `aibc catalog …` and return what it said."""
        return subprocess.run(  # our own program
            [sys.executable, "-m", "aibc", "catalog", *arguments],
            cwd=self.directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def shell(tmp_path: Path, database_url: str) -> Shell:
    (tmp_path / "painting.yaml").write_text(PATHWAY, "utf-8")
    return Shell(tmp_path, database_url)


def test_an_import_says_what_it_did_and_a_second_one_that_there_was_nothing_to_do(
    shell: Shell,
) -> None:
    first = shell.catalog("import", "painting.yaml")
    assert first.returncode == 0, first.stderr
    assert "The catalog is imported." in first.stdout
    second = shell.catalog("import", ".")
    assert second.returncode == 0, second.stderr
    assert "nothing changed" in second.stdout


def test_a_dry_run_names_what_would_be_removed_and_writes_nothing(shell: Shell) -> None:
    shell.catalog("import", "painting.yaml")
    (shell.directory / "painting.yaml").write_text(PATHWAY.split("modules:")[0], "utf-8")
    for _ in range(2):
        dry_run = shell.catalog("import", "painting.yaml", "--dry-run")
        assert dry_run.returncode == 0, dry_run.stderr
        assert "removed modules: first-strokes" in dry_run.stdout
        assert "nothing was written" in dry_run.stdout


def test_json_says_what_an_import_did_and_what_a_dry_run_would_do(shell: Shell) -> None:
    foretold = json.loads(shell.catalog("import", "painting.yaml", "--dry-run", "--json").stdout)
    assert (foretold["dry_run"], foretold["moves"]) == (True, [])
    done = json.loads(shell.catalog("import", "painting.yaml", "--json").stdout)
    assert done == {
        "dry_run": False,
        "pathways": {"added": ["painting"]},
        "modules": {"added": ["first-strokes"]},
        "resources": {},
    }
    assert done["modules"] == foretold["modules"]


async def test_a_dry_run_prints_which_figures_move_for_how_many(
    shell: Shell, connection: Connection
) -> None:
    text = PATHWAY + FILM.format(1)
    (shell.directory / "painting.yaml").write_text(text, "utf-8")
    shell.catalog("import", "painting.yaml")
    learner = await add_user(connection)
    await connection.execute("SELECT learner_complete($1, 'film-1', false)", learner)
    (shell.directory / "painting.yaml").write_text(text + FILM.format(2).split("resources:\n")[1])
    answer = shell.catalog("import", "painting.yaml", "--dry-run")
    assert answer.returncode == 0, answer.stderr
    assert "painting, first-strokes" in answer.stdout
    assert answer.stdout.count("100 % → 50 %: 1 learner") == 2
    assert answer.stdout.splitlines()[-1] == (
        "Figures move for 1 learner of 1 recounted; approvals gained: 0, lost: 0."
        " A dry run: nothing was written."
    )


def test_mistakes_are_printed_one_a_line_with_file_and_line(shell: Shell) -> None:
    text = PATHWAY.replace("order_index: 1", "order_index: one").replace("title: F", "name: F")
    (shell.directory / "painting.yaml").write_text(text, "utf-8")
    refused = shell.catalog("import", "painting.yaml")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.splitlines() == [
        "painting.yaml:7: `order_index` must be a whole number",
        "painting.yaml:9: `title` is missing",
        "painting.yaml:10: `name` is not a key that is known here",
        "aibc: The catalog holds 3 mistakes, so nothing was imported.",
    ]


def test_the_shipped_catalog_goes_in_and_comes_out_byte_for_byte(shell: Shell) -> None:
    shipped = shipped_directory("catalog")
    imported = shell.catalog("import", str(shipped))
    assert imported.returncode == 0, imported.stderr
    exported = shell.catalog("export", "copy")
    assert exported.returncode == 0, exported.stderr
    assert "Wrote 13 files to copy/pathways." in exported.stdout
    for file in (shipped / "pathways").iterdir():
        assert (shell.directory / "copy" / "pathways" / file.name).read_bytes() == file.read_bytes()


def test_an_export_that_cannot_be_written_is_one_sentence(shell: Shell) -> None:
    refused = shell.catalog("export", "painting.yaml")
    assert refused.returncode == 1
    assert refused.stderr.startswith("aibc: The catalog could not be written: ")
    assert len(refused.stderr.splitlines()) == 1


def test_help_explains_both_commands(shell: Shell) -> None:
    for command in ("import", "export"):
        answer = shell.catalog(command, "--help")
        assert answer.returncode == 0
        assert "YAML" in answer.stdout or "PATH/pathways" in answer.stdout
