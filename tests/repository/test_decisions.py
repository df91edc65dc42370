"""Every decision has a number of its own, the same in its name, its title and the index."""

from __future__ import annotations

import re
from pathlib import Path

DIRECTORY = Path(__file__).parents[2] / "docs" / "decisions"
PAGES = sorted(DIRECTORY.glob("*.md"))


def test_each_decision_has_a_number_that_no_other_has() -> None:
    # A number may be missing: decisions in the making reserve theirs.
    numbered = [page for page in PAGES if page.name != "README.md"]
    numbers = [int(page.name[:4]) for page in numbered]
    assert len(set(numbers)) == len(numbers) > 0
    for number, page in zip(numbers, numbered, strict=True):
        assert page.read_text(encoding="utf-8").startswith(f"# {number}. "), page.name


def test_the_index_lists_every_decision_in_order() -> None:
    index = (DIRECTORY / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\d+)\]\(([^)]+)\) \|", index, re.MULTILINE)
    assert listed == [
        (str(int(page.name[:4])), page.name) for page in PAGES if page.name != "README.md"
    ]
