"""Result files: what was measured in the same way stands together, and nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.results import newest_sections, save


def result(section: str, *, at: str = "2026-11-24T20:00Z", rounds: int = 3) -> dict[str, Any]:
    return {
        "measured_at": at,
        "commit": "abc",
        "settings": {"rounds": rounds},
        "sections": {section: {"at": at}},
    }


def test_parts_measured_in_the_same_way_stand_in_one_file(tmp_path: Path) -> None:
    save(result("growth"), tmp_path)
    path = save(result("start"), tmp_path)
    assert set(json.loads(path.read_text(encoding="utf-8"))["sections"]) == {"growth", "start"}
    assert list(tmp_path.iterdir()) == [path]


def test_another_way_of_measuring_overwrites_nothing(tmp_path: Path) -> None:
    paths = {save(result("growth", rounds=rounds), tmp_path) for rounds in (1, 2, 3)}
    assert len(paths) == 3
    assert set(tmp_path.iterdir()) == paths


def test_the_page_is_made_of_the_newest_of_each_section(tmp_path: Path) -> None:
    save(result("growth", at="2026-11-24T22:00Z"), tmp_path)
    save(result("growth", at="2026-11-24T21:00Z", rounds=1), tmp_path)
    save(result("start", at="2026-11-23T21:00Z"), tmp_path)
    newest = newest_sections(tmp_path)
    assert newest["growth"]["section"] == {"at": "2026-11-24T22:00Z"}
    assert newest["start"]["section"] == {"at": "2026-11-23T21:00Z"}
