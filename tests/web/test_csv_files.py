"""Tables as CSV: what a spreadsheet would take for a formula stays text."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from aibc.web.csv_files import at_once, cell, csv_response


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        "  =1+1",
        '=HYPERLINK("http://x")',
        "＝1",
    ],
)
def test_text_that_looks_like_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Ada;=1+1", "Ada;'=1+1"),
        ("Ada; @x;;-1", "Ada;' @x;;'-1"),
        ("Ada\r\n=1+1", "Ada\r\n'=1+1"),
        ("\n=1+1", "'\n'=1+1"),
        ("=a;=b", "'=a;'=b"),
    ],
)
def test_nor_does_a_formula_begin_where_some_spreadsheets_begin_a_cell(
    text: str, written: str
) -> None:
    assert cell(text) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("a=b", "a=b"),
        (-4, "-4"),
        (-0.5, "-0.50"),
        (None, ""),
        (datetime(2026, 3, 1, 12, 30, tzinfo=UTC), "2026-03-01T12:30:00Z"),
    ],
)
def test_everything_else_stays_what_it_is(value: object, written: str) -> None:
    assert cell(value) == written


async def test_a_file_reads_back_as_it_was_and_is_a_download_under_its_name() -> None:
    rows = [("Zoë, “the first”", 'a "quoted"\r\nname'), ("=cmd|'/c calc'!A1", "-")]
    response = csv_response("höhe.csv", ("name", "note"), at_once(rows))
    content = b"".join([bytes(part) async for part in response.body_iterator])  # type: ignore[arg-type]
    assert content.startswith(b"\xef\xbb\xbf")
    found = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert found == [["name", "note"], list(rows[0]), ["'=cmd|'/c calc'!A1", "'-"]]
    disposition = response.headers["content-disposition"]
    assert disposition.startswith("attachment; ")
    assert "filename*=UTF-8''h%C3%B6he.csv" in disposition
