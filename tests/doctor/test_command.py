"""`aibc doctor` and `aibc progress explain` as an operator types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from aibc.database.pool import Connection
from doctor.conftest import corrupt
from fixtures.server import LiveServer, real_settings

Shell = Callable[..., "Answer"]


class Answer:
    def __init__(self, code: int, output: str, errors: str) -> None:
        self.code, self.output, self.errors = code, output, errors


@pytest.fixture
def aibc(database_url: str, tmp_path: Path) -> Shell:
    """`aibc("doctor", "--json")` on this test's database."""
    program = LiveServer(tmp_path / "shell", real_settings(database_url))

    def run(*arguments: str) -> Answer:
        done = program.run(*arguments)
        return Answer(done.returncode, done.stdout, done.stderr)

    return run


async def test_nothing_wrong_is_one_line_and_exit_code_0(bootcamp: Connection, aibc: Shell) -> None:
    answer = aibc("doctor", "--no-files")
    assert (answer.code, answer.errors) == (0, "")
    assert len(answer.output.splitlines()) == 1
    assert answer.output.endswith("nothing is wrong.\n")


async def test_a_difference_is_a_line_and_exit_code_1_until_it_is_mended(
    bootcamp: Connection, aibc: Shell
) -> None:
    await corrupt(
        bootcamp, "UPDATE user_progress SET completed_modules = 9 WHERE pathway_id = 'beta'"
    )
    line = "learner1@example.org, pathway beta: number of approved modules is 9 stored, 1 is true."
    seen = aibc("doctor", "--no-files", "--user", "learner1@example.org")
    assert seen.code == 1
    assert seen.output.splitlines()[0] == f"Wrong: {line}"
    mended = aibc("doctor", "--no-files", "--pathway", "beta", "--repair")
    assert mended.code == 0
    assert mended.output.splitlines()[0] == f"Mended: {line}"
    assert "2 mended, nothing is wrong any more." in mended.output
    assert aibc("doctor", "--no-files", "--repair").output.endswith("nothing is wrong.\n")


async def test_json_holds_every_field_and_the_files(bootcamp: Connection, aibc: Shell) -> None:
    await corrupt(
        bootcamp, "UPDATE user_progress SET completed_modules = 9 WHERE pathway_id = 'beta'"
    )
    answer = aibc("doctor", "--json")
    assert answer.code == 1
    report = json.loads(answer.output)
    assert report["healthy"] is False
    assert report["wrong_total"] == len(report["wrong"]) == 2 + report["submissions_checked"]
    figure = report["wrong"][0]
    assert (figure["code"], figure["stored"], figure["truth"]) == ("pathway_modules", "9", "1")
    assert {one["code"] for one in report["wrong"]} == {"pathway_modules", "object_missing"}


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--user", "nobody@example.org", "There is no such"),
        ("--user", "00000000-0000-0000-0000-0000000000ff", "There is no such"),
        ("--pathway", "nowhere", "There is no such pathway."),
    ],
)
async def test_nobody_and_nowhere_are_one_sentence(
    bootcamp: Connection, aibc: Shell, option: str, value: str, sentence: str
) -> None:
    answer = aibc("doctor", option, value)
    assert (answer.code, answer.output) == (1, "")
    assert answer.errors.startswith(f"aibc: {sentence}")
    assert len(answer.errors.splitlines()) == 1


async def test_explain_answers_why_for_an_email_and_for_an_id(
    bootcamp: Connection, aibc: Shell
) -> None:
    by_email = aibc("progress", "explain", "learner2@example.org", "alpha")
    assert by_email.code == 0
    assert by_email.output.splitlines()[:3] == [
        "learner2@example.org on Alpha: 0 %",
        "  (0 + 0) / 2 = 0 %.",
        "  0 of 2 modules are approved.",
    ]
    assert "Counts, and is not done yet: attempt 1 was rejected on 20" in by_email.output
    by_id = aibc("progress", "explain", "00000000-0000-0000-0000-000000000002", "alpha")
    assert by_id.output == by_email.output
    document = json.loads(
        aibc("progress", "explain", "learner2@example.org", "alpha", "--json").output
    )
    assert document["progress_percentage"] == 0
    assert [module["module_id"] for module in document["modules"]] == ["alpha-one", "alpha-two"]


async def test_explain_tells_when_the_learner_is_shown_something_else(
    bootcamp: Connection, aibc: Shell
) -> None:
    await corrupt(bootcamp, "UPDATE user_progress SET progress_percentage = 96")
    answer = aibc("progress", "explain", "learner1@example.org", "alpha")
    assert "on Alpha: 100 %" in answer.output
    assert "is shown 96 %, which is wrong: run `aibc doctor --user learner1@" in answer.output


@pytest.mark.parametrize("who", ["nobody@example.org", "learner1@example.org"])
async def test_explain_of_nobody_or_nowhere_is_one_sentence(
    bootcamp: Connection, aibc: Shell, who: str
) -> None:
    answer = aibc("progress", "explain", who, "nowhere")
    assert (answer.code, answer.output) == (1, "")
    assert answer.errors.startswith("aibc: There is no such")
