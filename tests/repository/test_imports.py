"""Rooms are entered from above: what lies below does not know what stands on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src"
SLICES = ("accounts", "catalog", "progress", "submissions", "reviews")
TOOLS = ("database", "storage", "http")
BOTTOM = ("errors", "settings", "shipped")
# Within a slice: its edge may use everything, its statements and errors nothing above them.
EDGE = {"routes", "user_routes", "direct_routes", "commands", "hot_reads"}


def modules() -> list[str]:
    return sorted(
        ".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")
        for path in SOURCES.rglob("*.py")
    )


def imports_of(module: str) -> Iterator[str]:
    """The modules of ours that `module` imports, wherever in the file."""
    path = SOURCES.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("aibc"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aibc"):
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def allowed_rooms(module: str) -> set[str]:
    """The rooms that a module may import from."""
    own = room(module)
    if own in BOTTOM:
        return {own, "errors", "shipped"}
    if own in TOOLS:
        lower = {"database": set(), "storage": {"database"}, "http": {"database", "storage"}}[own]
        return {own, *lower, *BOTTOM}
    if own in SLICES:
        return {*SLICES[: SLICES.index(own) + 1], *TOOLS, *BOTTOM}
    if own == "web":
        return {"web", *SLICES, *TOOLS, *BOTTOM}
    return {
        own,
        "app",
        "api",
        "cli",
        "web",
        "serving",
        "workers",
        "stalled_readers",
        "first_start",
    } | {
        *SLICES,
        *TOOLS,
        *BOTTOM,
    }


def is_module(name: str) -> bool:
    path = SOURCES.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_what_lies_below_it(module: str) -> None:
    found = {room(name) for name in imports_of(module) if is_module(name)} - {""}
    assert found <= allowed_rooms(module)


@pytest.mark.parametrize(
    "module", [name for name in modules() if room(name) in SLICES and name.count(".") == 2]
)
def test_within_a_slice_nothing_imports_its_edge(module: str) -> None:
    own, _, name = module.rpartition(".")
    if name not in EDGE:
        inner = {n.split(".")[2] for n in imports_of(module) if n.startswith(f"{own}.")}
        assert not inner & EDGE
    if name in {"errors", "tables"}:
        inner = {n.split(".")[2] for n in imports_of(module) if n.startswith(f"{own}.")}
        assert inner <= {name}


def test_there_is_something_to_check() -> None:
    assert {"aibc.app", "aibc.settings", "aibc.database.pool"} <= set(modules())
