"""What `aibc` prints: help that fits a terminal, and one sentence when something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.server import real_settings

SOURCE = Path(__file__).parents[1] / "src"


def aibc(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command without a terminal and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "aibc", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), **settings},
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # no terminal to fall back on either
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that ended with exit code 1."""
    assert done.returncode == 1, done.stdout
    [line] = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", [[], ["user", "create"], ["catalog", "import"], ["sweep"]])
def test_help_calls_the_program_by_its_name(command: list[str]) -> None:
    done = aibc(*command, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: {' '.join(['aibc', *command])} ")
    assert "completion" not in done.stdout


def test_a_wrong_word_is_told_in_one_line_after_the_usage() -> None:
    done = aibc("user", "role", "ada@example.com", "emperor")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "Error: Invalid value for 'role': 'emperor' is not one of 'student', 'instructor', 'admin'."
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("many", "Invalid value for '--limit': it should be a valid integer."),
        ("900", "Invalid value for '--limit': it should be less than or equal to 200."),
    ],
)
def test_a_wrong_number_is_told_without_the_words_of_a_library(wrong: str, sentence: str) -> None:
    done = aibc("user", "list", "--limit", wrong)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"Error: {sentence}"


def test_a_password_is_never_asked_for_where_it_would_be_shown() -> None:
    settings = real_settings("postgresql://nobody@/nowhere")
    done = aibc("user", "create", "ada@example.com", "--name", "Ada", **settings)
    assert "--password-stdin" in refusal(done)


async def test_a_database_without_tables_is_told_with_what_to_type(empty_database_url: str) -> None:
    for command in (["user", "list"], ["sweep"], ["progress", "explain", "a@b.org", "mlops"]):
        line = refusal(aibc(*command, **real_settings(empty_database_url)))
        assert line.startswith("aibc: The database lacks 000_base, ")
        assert line.endswith(": run `aibc migrate` first.")


def test_a_database_that_is_not_there_is_told_with_the_setting_to_check(tmp_path: Path) -> None:
    settings = real_settings(f"postgresql://nobody@/nowhere?host={tmp_path}")
    line = refusal(aibc("user", "list", **settings))
    assert line.startswith("aibc: The database cannot be reached (")
    assert "DATABASE_URL" in line
