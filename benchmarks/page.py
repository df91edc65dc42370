"""docs/performance.md and its pictures, from the result files alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import page_hot_paths, page_long_parts, page_other_parts
from benchmarks.page_goals import goals
from benchmarks.results import newest_sections

Result = dict[str, Any]
Pictures = dict[str, str]
Section = Callable[[Result, Pictures], str]

SECTIONS: dict[str, Section] = {
    "hot-paths": page_hot_paths.section,
    "growth": page_other_parts.growth,
    "uploads": page_other_parts.uploads,
    "sign-in": page_other_parts.sign_in,
    "start": page_other_parts.start,
    "evening": page_long_parts.evening,
    "overload": page_long_parts.overload,
}

HEAD = Path(__file__).with_name("page_head.md")


def write_page(result_directory: Path, docs: Path) -> None:
    """Write the page and its pictures. Sections that were never measured are left out."""
    newest = newest_sections(result_directory)
    parts = [HEAD.read_text(encoding="utf-8"), goals(newest)]
    pictures = Pictures()
    for name, section in SECTIONS.items():
        if name in newest:
            parts.append(section(newest[name], pictures) + _origin(newest[name]))
    folder = docs / "performance"
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
    (docs / "performance.md").write_text("\n".join(parts), encoding="utf-8")


def _origin(result: Result) -> str:
    """Where and when a section was measured."""
    machine, settings = result["machine"], result["settings"]
    return (
        f"\n<sub>{result['measured_at'][:10]}, commit `{result['commit']}`: {machine['cpu']}, "
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, Python "
        f"{machine['python']}, PostgreSQL {machine['postgresql']}; {settings['learners']:,} "
        f"learners, {settings['completions']:,} records, {settings['submissions']:,} submissions, "
        f"{settings['waiting']:,} waiting; load of the machine before it began: "
        f"{result['load_before']:.1f}.</sub>\n"
    )
