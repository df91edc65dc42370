from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.message import Message
from email.utils import collapse_rfc2231_value
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from aibc.storage.store import check_key
from aibc.submissions.errors import (
    ExtensionMissing,
    FileNameError,
    FileNameMissing,
    FileNameTooLong,
)
from aibc.submissions.file_names import (
    clean_file_name,
    content_disposition,
    decode_multipart_name,
    extension_of,
    numbered,
    object_key,
    safe_name,
)

USER = UUID("0b7f3a52-9a50-4f0e-8a44-0d0c5c1f1a01")
SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.[A-Za-z0-9]+")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("My Report (final).PDF", "My Report (final).PDF"),
        ("re\u0301sume\u0301.pdf", "résumé.pdf"),
        ("作業.pdf", "作業.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\x.png", "x.png"),
        ("C:\\Users\\me\\x.png", "x.png"),
        ("/etc/cron.d/x.txt", "x.txt"),
        ("%2e%2e%2fx.png", "%2e%2e%2fx.png"),
        ("a\x00b.pdf", "ab.pdf"),
        ('a"\r\nX-Evil: 1.pdf', 'a"X-Evil: 1.pdf'),
        ("r\u202egpj.pdf", "rgpj.pdf"),
        ("a\u2066b\u2069\u200b\ufeff\u00ad.pdf", "ab.pdf"),
        ("a\u2028b\u0085c.pdf", "abc.pdf"),
        ("👩\u200d💻.png", "👩\u200d💻.png"),
        ("نامه\u200cها.pdf", "نامه\u200cها.pdf"),
        ("  spaced .pdf  ", "spaced .pdf"),
        ("my.project.v2.py", "my.project.v2.py"),
        ("lone\ud800.pdf", "lone.pdf"),
        ("a;b.pdf", "a;b.pdf"),
        ("x" * 251 + ".pdf", "x" * 251 + ".pdf"),
        ("\u202e" * 400 + "x.pdf", "x.pdf"),
    ],
)
def test_a_name_is_kept_without_directories_and_what_cannot_be_seen(
    raw: str, expected: str
) -> None:
    assert clean_file_name(raw) == expected


@pytest.mark.parametrize("raw", ["", ".", "..", "/", "a/", "a\\", " ", "\u202e", "\x00", "../.."])
def test_a_name_of_nothing_is_refused(raw: str) -> None:
    with pytest.raises(FileNameMissing) as caught:
        clean_file_name(raw)
    assert caught.value.status == 422


@pytest.mark.parametrize("raw", ["x" * 252 + ".pdf", "x" * 600 + ".png", "é" * 600])
def test_a_name_above_255_characters_is_refused(raw: str) -> None:
    with pytest.raises(FileNameTooLong) as caught:
        clean_file_name(raw)
    assert caught.value.status == 422


@pytest.mark.parametrize("raw", ["report", "CON", "report.", ".pdf", "..pdf", "...", "a/b.c/d"])
def test_a_name_without_an_extension_is_refused(raw: str) -> None:
    with pytest.raises(ExtensionMissing) as caught:
        clean_file_name(raw)
    assert caught.value.status == 415


def test_the_extension_is_what_follows_the_last_dot_in_lower_case() -> None:
    assert extension_of("a.tar.GZ") == "gz"
    assert extension_of("inv\u202efdp.exe") == "exe"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a%22b.pdf", 'a"b.pdf'),
        ("a%0D%0Ab.pdf", "a\r\nb.pdf"),
        ("a%0d%0ab.pdf", "a\r\nb.pdf"),
        ("100%25.pdf", "100%25.pdf"),
        ("%2e%2e%2fx.png", "%2e%2e%2fx.png"),
        ("%2522.pdf", "%2522.pdf"),
        ("50%.pdf", "50%.pdf"),
    ],
)
def test_of_a_form_only_quote_and_line_ends_are_decoded(raw: str, expected: str) -> None:
    assert decode_multipart_name(raw) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("résumé.pdf", "resume.pdf"),
        ("作業.pdf", "file.pdf"),
        ("作業1.pdf", "1.pdf"),
        ("My Report (final).PDF", "My-Report-final.PDF"),
        ("Straße Łódź Æther.txt", "Strasse-Lodz-AEther.txt"),
        ("--help.txt", "help.txt"),
        (".hidden.txt", "hidden.txt"),
        ("a..b.pdf", "a.b.pdf"),
        ("a_b-c.d.py", "a_b-c.d.py"),
        ("👩\u200d💻.png", "file.png"),
        ('a"; rm -rf.pdf', "a-rm-rf.pdf"),
        ("x" * 200 + ".pdf", "x" * 96 + ".pdf"),
        ("x" * 95 + "--y.pdf", "x" * 95 + ".pdf"),
        ("a.作", "a.bin"),
        ("ﬁle.ｐｄｆ", "file.pdf"),
    ],
)
def test_a_safe_name_spells_the_name_in_ascii(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("work.pdf", 1, "work.pdf"),
        ("work.pdf", 2, "work-2.pdf"),
        ("a.b.pdf", 10, "a.b-10.pdf"),
        ("x" * 96 + ".pdf", 2, "x" * 94 + "-2.pdf"),
    ],
)
def test_the_number_of_a_namesake_stands_before_the_extension(
    name: str, number: int, expected: str
) -> None:
    assert numbered(name, number) == expected


def test_the_object_key_tells_whose_file_it_is_and_when_it_came_in_utc() -> None:
    moment = datetime(2026, 11, 22, 1, 2, 3, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert object_key("image-generation", USER, "foundations-image-gen-r3", moment, "a-2.png") == (
        f"pathways/image-generation/users/{USER}/resources/foundations-image-gen-r3/"
        "2026-11-21_23-02-03_a-2.png"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("my report.pdf", 'attachment; filename="my report.pdf"'),
        (
            "résumé.pdf",
            "attachment; filename=\"resume.pdf\"; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf",
        ),
        ('a"b.pdf', "attachment; filename=\"a-b.pdf\"; filename*=UTF-8''a%22b.pdf"),
        ("a;b.pdf", "attachment; filename=\"a-b.pdf\"; filename*=UTF-8''a%3Bb.pdf"),
        ("100%.pdf", "attachment; filename=\"100.pdf\"; filename*=UTF-8''100%25.pdf"),
    ],
)
def test_a_download_is_named_in_ascii_and_in_full(name: str, expected: str) -> None:
    assert content_disposition(name) == expected


def cleaned(raw: str) -> str:
    """A cleaned name; texts that are none are of no use to the property at hand."""
    try:
        return clean_file_name(raw)
    except FileNameError:
        assume(False)
        raise


NAMES = some.builds(
    "{}.{}".format, some.text(), some.sampled_from(["pdf", "PNG", "ipynb", "作", "tar.gz"])
)


@given(some.text())
def test_every_text_is_a_name_or_an_error_of_ours(raw: str) -> None:
    try:
        name = clean_file_name(raw)
    except FileNameError:
        return
    assert clean_file_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert 0 < len(name) <= 255
    assert not set("/\\\0\r\n\u202e") & set(name)


@given(NAMES)
def test_every_safe_name_fits_the_store(raw: str) -> None:
    name = safe_name(cleaned(raw))
    assert SAFE.fullmatch(name)
    assert len(name.encode()) <= 100
    assert safe_name(name) == name
    check_key(object_key("p", USER, "r", datetime.now(UTC), name))


@given(NAMES, some.integers(min_value=2, max_value=10_000))
def test_every_numbered_name_is_safe_and_its_own(raw: str, number: int) -> None:
    name = safe_name(cleaned(raw))
    other = numbered(name, number)
    assert other != name
    assert other != numbered(name, number + 1)
    assert SAFE.fullmatch(other)
    assert len(other) <= 100
    assert extension_of(other) == extension_of(name)


@given(NAMES)
def test_every_name_comes_back_from_its_header(raw: str) -> None:
    name = cleaned(raw)
    header = content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "attachment"
    names = (message.get_params(header="content-disposition") or [])[1:]
    # Where both are given, the extended one counts (RFC 6266); the parser lists it last.
    assert collapse_rfc2231_value(names[-1][1]) == name
    assert {key for key, _ in names} == {"filename"}
