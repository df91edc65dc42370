"""Every decision has a number of its own, the same in its name, its title and the index."""

from __future__ import annotations

import re
from pathlib import Path

DIRECTORY = Path(__file__).parents[2] / "docs" / "decisions"
PAGES = sorted(DIRECTORY.glob("*.md"))


def test_decisions_are_numbered_from_one_without_a_gap() -> None:
    numbered = [page for page in PAGES if page.name != "README.md"]
    assert [page.name[:5] for page in numbered] == [
        f"{number:04}-" for number in range(1, len(numbered) + 1)
    ]
    for number, page in enumerate(numbered, start=1):
        assert page.read_text(encoding="utf-8").startswith(f"# {number}. "), page.name


def test_the_index_lists_every_decision_in_order() -> None:
    index = (DIRECTORY / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\d+)\]\(([^)]+)\) \|", index, re.MULTILINE)
    assert listed == [
        (str(int(page.name[:4])), page.name) for page in PAGES if page.name != "README.md"
    ]
