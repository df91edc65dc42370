"""Files of a catalog as they are uploaded: archives are read within bounds, and never unpacked."""

from __future__ import annotations

import io
import zipfile

import pytest

from aibc.catalog.errors import CatalogInvalid
from aibc.catalog.loader import CatalogFile
from aibc.catalog.uploads import MAX_UPLOADED_BYTES, MAX_UPLOADED_FILES, uploaded_files

TEXT = b"id: a\n"


def archive(*entries: tuple[str, bytes], way: int = zipfile.ZIP_DEFLATED) -> CatalogFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", way) as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return CatalogFile("catalog.zip", buffer.getvalue())


def refusal(*sent: CatalogFile) -> str:
    with pytest.raises(CatalogInvalid) as refused:
        uploaded_files(sent)
    (problem,) = refused.value.problems
    return str(problem)


def test_files_and_archives_may_come_together() -> None:
    found = uploaded_files(
        [CatalogFile("one.yaml", TEXT), archive(("pathways/two.yml", TEXT), ("notes.txt", b"no"))]
    )
    assert [file.name for file in found] == ["one.yaml", "two.yml"]
    assert [file.content for file in found] == [TEXT, TEXT]


def test_what_a_mac_keeps_beside_the_files_is_passed_over() -> None:
    found = uploaded_files(
        [archive(("a.yaml", TEXT), ("__MACOSX/._a.yaml", b"\0"), ("._b.yaml", b""))]
    )
    assert [file.name for file in found] == ["a.yaml"]


@pytest.mark.parametrize(
    "name",
    ["../../etc/cron.d/x.yaml", "/abs/x.yaml", "..\\..\\x.yaml", "C:\\x.yaml", "a/\u202ex.yaml"],
)
def test_the_name_of_an_entry_is_only_a_label(name: str) -> None:
    (found,) = uploaded_files([archive((name, TEXT))])
    assert found.name == "x.yaml"


def test_an_archive_that_swells_is_given_up_where_it_is_too_large() -> None:
    swollen = archive(("bomb.yaml", b" " * 50_000_000))
    assert len(swollen.content) < 100_000
    assert refusal(swollen) == "bomb.yaml: is larger than 2 MB"
    many = archive(*[(f"{number}.yaml", b" " * 1_900_000) for number in range(20)])
    assert "together hold more than 4 MB" in refusal(many)
    assert MAX_UPLOADED_BYTES == 4 * 1024 * 1024


def test_a_size_that_an_archive_lies_about_is_not_believed() -> None:
    content = bytearray(archive(("a.yaml", b"x" * 3_000_000)).content)
    true_size = (3_000_000).to_bytes(4, "little")
    lie = (10).to_bytes(4, "little")
    lying = CatalogFile("lying.zip", bytes(content.replace(true_size, lie)))
    assert "cannot be read as a ZIP archive" in refusal(lying) or "larger" in refusal(lying)


@pytest.mark.parametrize(
    ("place", "value"), [(6, 99), (8, 1 << 5), (8, 1 << 6)], ids=["version", "patch", "encryption"]
)
def test_what_only_a_later_kind_of_archive_knows_is_refused(place: int, value: int) -> None:
    content = bytearray(archive(("a.yaml", TEXT)).content)
    entry = content.index(b"PK\x01\x02")
    content[entry + place] = value
    assert "a.zip: cannot be read as a ZIP archive" in refusal(CatalogFile("a.zip", bytes(content)))


def test_too_many_files_are_refused() -> None:
    many = archive(*[(f"{number}.yaml", TEXT) for number in range(MAX_UPLOADED_FILES + 1)])
    assert "more than 200 files" in refusal(many)


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04", b"PK\x03\x04" + b"\xff" * 500, archive(("a.yaml", TEXT)).content[:-9]],
)
def test_a_broken_archive_is_one_sentence(content: bytes) -> None:
    assert refusal(CatalogFile("a.zip", content)) == "a.zip: cannot be read as a ZIP archive"


def test_an_archive_packed_in_another_way_is_refused() -> None:
    assert "packed in a way" in refusal(archive(("a.yaml", TEXT), way=zipfile.ZIP_LZMA))


def test_nothing_and_anything_else_are_refused() -> None:
    assert "no file" in refusal()
    assert "no file" in refusal(archive(("readme.md", b"x")))
    assert (
        refusal(CatalogFile("a.exe", b"MZ")) == "a.exe: is neither a .yaml file nor a .zip archive"
    )
