"""`make bench` from beginning to end, on very little data and for very short."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
QUICKLY = (
    *("--scale", "tiny", "--rounds", "1", "--seconds", "0.2", "--connections", "2"),
    *("--path", "pathway_resources", "--path", "progress_write"),
)


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_one_command_seeds_measures_and_writes_the_page(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", *QUICKLY),
            *("--directory", str(tmp_path / "kept")),
            *("--result-directory", str(tmp_path / "results")),
            *("--docs", str(tmp_path / "docs")),
        ],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        cwd=ROOT,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "results").glob("*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert str(tmp_path) not in file.read_text(encoding="utf-8")

    paths = {path["name"]: path for path in result["sections"]["hot-paths"]["paths"]}
    assert set(paths) == {"pathway_resources", "progress_write"}
    for path in paths.values():
        assert set(path["subjects"]) == {"product", "reference", "pgbench", "static"}
        assert all(one["median"]["per_second"] > 0 for one in path["subjects"].values())
        assert path["statements"] < path["reference_statements"]
    assert result["sections"]["sign-in"]["bad"] == 0

    page = (tmp_path / "docs" / "performance.md").read_text(encoding="utf-8")
    pictures = re.findall(r"\(performance/(.+?\.svg)\)", page)
    assert pictures
    for picture in pictures:
        ElementTree.parse(tmp_path / "docs" / "performance" / picture)
