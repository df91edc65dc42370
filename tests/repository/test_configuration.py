"""Every setting is written down where people look for it, and nothing else is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "src" / "aibc" / "settings.py"
READING = {
    *("text", "items", "choice", "flag", "whole", "address", "secret"),
    *("database_url", "web_address", "origins"),
}
COMPOSE_ALONE = {"POSTGRES_PASSWORD"}


def settings_read() -> dict[str, ast.expr | None]:
    """Each setting's name as `settings.py` reads it, with the expression of its default."""
    found: dict[str, ast.expr | None] = {}
    for node in ast.walk(ast.parse(SETTINGS.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args or _name(node.func) not in READING:
            continue
        for name in ast.walk(node.args[0]):
            if isinstance(name, ast.Constant) and str(name.value).isupper():
                found[str(name.value)] = node.args[1] if len(node.args) > 1 else None
    return found


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if re.match(r"[A-Z]", line))
    return {name: value for name, _, value in pairs}


def documented() -> set[str]:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([A-Z0-9_]+)` \|", text, re.MULTILINE))


def test_the_settings_are_found() -> None:
    assert {"DATABASE_URL", "JWT_SECRET_KEY", "HOST", "QUIZ_GRADING"} <= settings_read().keys()


def test_the_example_names_every_setting_and_no_other() -> None:
    assert example().keys() - COMPOSE_ALONE == settings_read().keys()


def test_the_documentation_names_every_setting_and_no_other() -> None:
    assert documented() == settings_read().keys()


@pytest.mark.parametrize("name", sorted(example()))
def test_a_default_in_the_example_is_the_default_in_the_code(name: str) -> None:
    default = settings_read().get(name)
    if isinstance(default, ast.Constant):
        assert example()[name] in ("", str(default.value))


def test_the_example_is_a_working_configuration(tmp_path: Path) -> None:
    from aibc.settings import load_settings

    settings = load_settings({**example(), "AIBC_DATA_DIR": str(tmp_path)})
    assert settings.database.embedded
    assert settings.server.public_url == f"http://localhost:{settings.server.port}"


def test_only_the_settings_read_the_environment() -> None:
    reading = re.compile(r"os\.(environ|getenv)\b(?!\[EMBEDDED_URL\] =)")
    sources = (ROOT / "src").rglob("*.py")
    readers = {path.name for path in sources if reading.search(path.read_text(encoding="utf-8"))}
    # The server hands settings to its workers, and the metrics library has a variable of its own.
    assert readers <= {"settings.py", "serving.py", "metrics.py"}
