"""`make bench` from beginning to end, on very little data and for very short."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
QUICKLY = (
    *("--scale", "tiny", "--rounds", "1", "--seconds", "0.2", "--connections", "2"),
    *("--path", "pathway_resources", "--path", "progress_write"),
)


pytestmark = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands of this module keep their database and write to."""
    return tmp_path_factory.mktemp("bench")


def bench(place: Path, *options: str) -> dict[str, Any]:
    """Run the command and return the sections of its result file."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", *QUICKLY, *options),
            *("--directory", str(place / "kept")),
            *("--result-directory", str(place / "results")),
            *("--docs", str(place / "docs")),
        ],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        cwd=ROOT,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    (file,) = (place / "results").glob("*.json")
    text = file.read_text(encoding="utf-8")
    assert str(place) not in text
    sections: dict[str, Any] = json.loads(text)["sections"]
    return sections


def assert_page_is_whole(place: Path, *titles: str) -> None:
    page = (place / "docs" / "performance.md").read_text(encoding="utf-8")
    assert set(titles) <= set(re.findall(r"(?m)^## (.+)$", page))
    pictures = re.findall(r"\(performance/(.+?\.svg)\)", page)
    assert pictures
    for picture in pictures:
        ElementTree.parse(place / "docs" / "performance" / picture)


def test_one_command_seeds_measures_and_writes_the_page(place: Path) -> None:
    sections = bench(place, "--part", "hot-paths", "--part", "sign-in")
    paths = {path["name"]: path for path in sections["hot-paths"]["paths"]}
    assert set(paths) == {"pathway_resources", "progress_write"}
    for path in paths.values():
        assert set(path["subjects"]) == {"product", "reference", "pgbench", "static"}
        assert all(one["median"]["per_second"] > 0 for one in path["subjects"].values())
        assert path["statements"] < path["reference_statements"]
    assert sections["sign-in"]["bad"] == 0
    assert_page_is_whole(place, "Goals", "Hot paths", "Sign-in")


@pytest.mark.soak
def test_without_options_every_part_is_measured_that_is_not_the_evening(place: Path) -> None:
    sections = bench(place)
    assert set(sections) >= {"hot-paths", "growth", "uploads", "sign-in", "start"}
    assert_page_is_whole(place, "Growth", "Uploads", "Start and memory")


def test_an_evening_and_an_overload_join_what_was_measured_before(place: Path) -> None:
    sections = bench(place, "--part", "evening", "--part", "overload", "--evening-minutes", "0.1")
    assert set(sections["evening"]["statuses"]) == {"200"}
    assert sections["overload"]["good_per_second"] > 0
    assert_page_is_whole(place, "A bootcamp evening", "Ten times too many")
