from __future__ import annotations

import itertools

import pytest

from aibc.submissions.errors import ExtensionMissing, TypeNotAccepted
from aibc.submissions.file_types import (
    ALIASES,
    FILE_TYPES,
    UNTOLD_TYPES,
    FileType,
    accepted_types,
    expected_type,
)

ROWS = pytest.mark.parametrize("row", FILE_TYPES, ids=lambda row: row.extensions[0])
ON_REQUEST = {row.media_type for row in FILE_TYPES if row.on_request}


def extensions(*accepted: str) -> list[str]:
    return [row.extensions[0] for row in accepted_types(accepted)]


def test_the_table_knows_what_bootcamp_work_is_made_of() -> None:
    images, texts = {"png", "jpg", "webp", "gif"}, {"txt", "md", "csv", "json", "ipynb", "py"}
    others = {"pdf", "zip", "docx", "pptx", "xlsx", "mp4"}
    assert set(extensions()) == images | texts | others


def test_no_name_of_the_table_means_two_things() -> None:
    every_extension = list(itertools.chain.from_iterable(row.extensions for row in FILE_TYPES))
    media_types = [row.media_type for row in FILE_TYPES]
    aliases = list(itertools.chain.from_iterable(row.aliases for row in FILE_TYPES))
    assert len(set(every_extension)) == len(every_extension)
    assert len(set(media_types + aliases)) == len(media_types + aliases)
    assert not UNTOLD_TYPES & {*media_types, *aliases}
    for row in FILE_TYPES:
        assert set(row.broader) <= set(media_types) - {row.media_type}


@ROWS
def test_every_extension_leads_to_its_type_in_either_case(row: FileType) -> None:
    for extension in row.extensions:
        for name in (f"a.{extension}", f"A.B.{extension.upper()}"):
            assert expected_type(name, None, [row.media_type]) is row


@ROWS
def test_a_declared_type_agrees_when_it_is_the_types_own(row: FileType) -> None:
    for declared in (row.media_type, row.media_type.upper(), f" {row.media_type} ; charset=utf-8"):
        assert expected_type(f"a.{row.extensions[0]}", declared, [row.media_type]) is row


@ROWS
def test_a_declared_type_that_tells_nothing_agrees_with_everything(row: FileType) -> None:
    for declared in (None, *UNTOLD_TYPES, *ALIASES):
        assert expected_type(f"a.{row.extensions[0]}", declared, [row.media_type]) is row


@pytest.mark.parametrize(
    ("file_name", "declared"),
    [
        ("a.md", "text/plain"),
        ("a.csv", "text/plain; charset=utf-8"),
        ("a.csv", "application/vnd.ms-excel"),
        ("a.py", "text/plain"),
        ("a.py", "text/x-python-script"),
        ("a.json", "text/plain"),
        ("a.ipynb", "application/json"),
        ("a.docx", "application/zip"),
        ("a.zip", "application/x-zip-compressed"),
        ("a.jpg", "image/jpg"),
    ],
)
def test_what_systems_truthfully_declare_is_believed(file_name: str, declared: str) -> None:
    assert expected_type(file_name, declared, [])


@pytest.mark.parametrize(
    ("file_name", "declared"),
    [
        ("a.png", "image/jpeg"),
        ("a.png", "text/html"),
        ("a.png", "text/plain"),
        ("a.txt", "text/markdown"),
        ("a.json", "application/x-ipynb+json"),
        ("a.zip", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.pdf", "application/x-msdownload"),
        ("a.pdf", "image/svg+xml"),
        ("a.pdf", "nonsense"),
        ("a.pdf", "<script>/x"),
        ("a.pdf", "x" * 5000),
    ],
)
def test_a_declared_type_that_contradicts_the_name_is_refused(
    file_name: str, declared: str
) -> None:
    with pytest.raises(TypeNotAccepted) as caught:
        expected_type(file_name, declared, [])
    assert caught.value.status == 415
    assert "but it was sent as" in caught.value.detail
    assert "<script>" not in caught.value.detail
    assert len(caught.value.detail) < 400


@pytest.mark.parametrize(
    "file_name",
    ["a.exe", "a.html", "a.htm", "a.svg", "a.xhtml", "a.mht", "a.sh", "a.php", "a.作", "a.tar.gz"],
)
def test_an_extension_that_is_not_taken_by_default_is_refused(file_name: str) -> None:
    with pytest.raises(TypeNotAccepted) as caught:
        expected_type(file_name, None, [])
    assert caught.value.detail.startswith("Files ending in .")


def test_a_refusal_names_what_is_accepted() -> None:
    with pytest.raises(TypeNotAccepted) as caught:
        expected_type("a.docx", None, ["image/png", "application/pdf"])
    assert caught.value.detail == "Files ending in .docx are not taken here; accepted: .png, .pdf."


def test_a_long_extension_is_shortened_in_the_sentence() -> None:
    with pytest.raises(TypeNotAccepted) as caught:
        expected_type("a." + "x" * 200, None, ["image/png"])
    assert len(caught.value.detail) < 100


def test_a_name_without_an_extension_has_no_type() -> None:
    with pytest.raises(ExtensionMissing):
        expected_type("README", None, [])


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (["image/*"], ["png", "jpg", "webp", "gif"]),
        (["IMAGE/*"], ["png", "jpg", "webp", "gif"]),
        (["image/jpg"], ["jpg"]),
        (["text/markdown", "text/plain"], ["txt", "md"]),
        (["text/plain"], ["txt"]),
        (["image/*", "image/svg+xml"], ["png", "jpg", "webp", "gif", "svg"]),
        (["text/html"], ["html"]),
        (["video/*"], ["mp4"]),
        (["audio/mpeg"], []),
    ],
)
def test_a_resources_list_stands_for_rows_of_the_table(
    accepted: list[str], expected: list[str]
) -> None:
    assert extensions(*accepted) == expected


@pytest.mark.parametrize("pattern", ["*/*", "text/*", "image/*", "application/*"])
def test_no_pattern_covers_what_has_to_be_named(pattern: str) -> None:
    assert not ON_REQUEST & {row.media_type for row in accepted_types([pattern])}
    assert {"text/html", "image/svg+xml"} <= ON_REQUEST


def test_a_resource_that_names_only_unknown_types_says_so() -> None:
    with pytest.raises(TypeNotAccepted) as caught:
        expected_type("a.mp3", None, ["audio/mpeg"])
    assert caught.value.detail.endswith("accepted: audio/mpeg.")
