"""docs/file-types.md says what the code does, row for row."""

from __future__ import annotations

from pathlib import Path

from aibc.submissions.file_types import FILE_TYPES, UNTOLD_TYPES, FileType

DOCUMENT = Path(__file__).parents[2] / "docs" / "file-types.md"


def code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


def line(row: FileType) -> str:
    names = code(tuple(f".{extension}" for extension in row.extensions))
    return (
        f"| {row.name} | {names} | `{row.media_type}` | {code(row.broader)} | {code(row.aliases)} |"
    )


def lines_of_the_document() -> list[str]:
    return DOCUMENT.read_text(encoding="utf-8").splitlines()


def test_every_type_has_its_line_and_no_line_is_of_another() -> None:
    types, _, _ = DOCUMENT.read_text(encoding="utf-8").partition("## How well")
    documented = [text for text in types.splitlines() if "`." in text.partition("|")[2][:60]]
    assert documented == [line(row) for row in FILE_TYPES]


def test_the_declared_types_that_tell_nothing_are_listed() -> None:
    documented = {
        text.removeprefix("- `").removesuffix("`")
        for text in lines_of_the_document()
        if text.startswith("- `") and text.endswith("`")
    }
    assert documented == UNTOLD_TYPES - {""}
