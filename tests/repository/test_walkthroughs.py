"""What the documents tell a newcomer to type works, word for word, on a fresh service."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.server import LiveServer

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)(?:#[^)]*)?\)")


def walkthrough(page: Path) -> str:
    """The blocks from the one that names the API on: what a reader types in one shell."""
    blocks = SHELL_BLOCK.findall(page.read_text(encoding="utf-8"))
    first = next(place for place, block in enumerate(blocks) if block.startswith("API="))
    return "".join(blocks[first:])


@pytest.mark.parametrize(("name", "last_line"), [("README.md", "10"), ("docs/quickstart.md", "10")])
def test_a_walkthrough_ends_with_the_figures_it_promises(
    make_server: Callable[..., LiveServer], tmp_path: Path, name: str, last_line: str
) -> None:
    server = make_server().start()
    script = walkthrough(ROOT / name).replace("localhost:8000", f"localhost:{server.port}")
    typed = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=120,
    )
    assert typed.returncode == 0, typed.stderr
    assert typed.stdout.splitlines()[-1] == last_line, typed.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
