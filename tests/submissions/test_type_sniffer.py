from __future__ import annotations

import bz2
import gzip
import json
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aibc.submissions.errors import TypeNotAccepted
from aibc.submissions.file_types import FILE_TYPES, expected_type
from aibc.submissions.type_sniffer import CHECKS, TypeSniffer
from submissions import samples
from submissions.samples import archive, image, mp4, noise, notebook, office, pdf, program

HTML = b"<!DOCTYPE html>\n<html><body><script>alert(1)</script></body></html>"
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PROSE = "Ein Absatz über Prompts – mit „Anführung“ und €.\n"
TABLE = "name;score\r\nZoë;1,5\r\n"


def check(
    file_name: str, content: bytes, size: int = 65_536, accepted: tuple[str, ...] = ()
) -> str:
    """Sniff a file in pieces of `size`; the stored type, or the refusal."""
    file_type = expected_type(file_name, None, accepted)
    sniffer = TypeSniffer(file_type, accepted)
    for start in range(0, len(content), size):
        sniffer.feed(content[start : start + size])
    sniffer.finish()
    return file_type.media_type


WORK = {
    "a PNG": ("a.png", image("PNG")),
    "an animated PNG": ("a.png", image("PNG", frames=3)),
    "a JPEG": ("a.jpg", image("JPEG")),
    "a JPEG with the long extension": ("A.JPEG", image("JPEG")),
    "a WebP": ("a.webp", image("WEBP")),
    "an animated WebP": ("a.webp", image("WEBP", frames=3)),
    "a GIF": ("a.gif", image("GIF")),
    "an animated GIF": ("a.gif", image("GIF", frames=3)),
    "a PDF": ("a.pdf", pdf()),
    "a PDF from Pillow": ("a.pdf", image("PDF")),
    "a PDF behind line ends": ("a.pdf", pdf(b"\r\n" * 10)),
    "a PDF behind mail headers": ("a.pdf", pdf(b"Content-Type: application/pdf\r\n\r\n")),
    "a PDF behind a printer's header": ("a.pdf", pdf(b"\x1b%-12345X@PJL JOB\r\n")),
    "a PDF behind 1,024 bytes": ("a.pdf", pdf(b"\n" * 1024)),
    "plain text": ("a.txt", b"hello"),
    "one character": ("a.txt", b"x"),
    "only line ends": ("a.txt", b"\n\n"),
    "UTF-8": ("a.txt", PROSE.encode()),
    "UTF-8 with its mark": ("a.txt", PROSE.encode("utf-8-sig")),
    "UTF-16, little end first": ("a.txt", b"\xff\xfe" + PROSE.encode("utf-16-le")),
    "UTF-16, big end first": ("a.txt", b"\xfe\xff" + PROSE.encode("utf-16-be")),
    "UTF-16 cut in two by the sample": ("a.txt", ("\U0001f600" * 40_000).encode("utf-16")),
    "Windows-1252": ("a.txt", PROSE.encode("cp1252")),
    "Russian in Windows-1251": ("a.txt", "Привет, мир".encode("cp1251")),
    "Japanese in Shift-JIS": ("a.txt", "こんにちは世界".encode("shift-jis")),
    "a character cut in two by the sample": ("a.txt", b"x" + "é".encode() * 50_000),
    "a coloured terminal log": ("a.txt", b"\x1b[31mred\x1b[0m\r50%\r100%\x07\n"),
    "a stray control character": ("a.txt", b"pasted from a slide\x02" + b" and more" * 20),
    "prose on HTML": ("a.txt", b"In HTML, <p>a paragraph</p> stands in <body>."),
    "a prompt in tags": ("a.txt", b"<instructions>\nBe brief.\n</instructions>"),
    "prose that starts with a tag": ("a.txt", b"<p> opens a paragraph."),
    "prose on programs": ("a.txt", b"MZ are the first letters of a Windows program."),
    "prose on search": ("a.txt", b"BM25 ranks better than GIF89a loads."),
    "prose on headers": ("a.txt", b"<header> is no <head>"),
    "Markdown": ("a.md", b"# Title\n\n- item\n"),
    "Markdown with front matter": ("a.md", b"---\ntitle: x\n---\n\n# Title\n"),
    "Markdown that starts with a heading tag": ("README.md", b'<h1 align="center">Hi</h1>\n'),
    "Markdown that starts with a comment": ("a.md", b"<!-- lint off -->\n# Title\n"),
    "Markdown that starts with a style": ("a.md", b"<style>section{}</style>\n# Slide\n"),
    "Markdown on PDF": ("a.md", b"A PDF starts with `%PDF-1.7`."),
    "a table": ("a.csv", b"a,b\n1,2\n"),
    "a table with semicolons": ("a.csv", TABLE.encode("utf-8-sig")),
    "a table from a spreadsheet": ("a.csv", TABLE.replace(";", "\t").encode("utf-16")),
    "a table in Windows-1252": ("a.csv", TABLE.encode("cp1252")),
    "an object": ("a.json", b'{"a": 1}'),
    "an array with a mark": ("a.json", b"\xef\xbb\xbf [1, 2]"),
    "an empty object": ("a.json", b"{}"),
    "a bare null": ("a.json", b"null\n"),
    "a bare string": ("a.json", b'"x"'),
    "NaN as Python writes it": ("a.json", b'{"loss": NaN}'),
    "lines of JSON": ("a.json", b'{"a": 1}\n{"a": 2}\n'),
    "a large JSON": ("a.json", b"[" + b"1," * 100_000 + b"1]"),
    "a notebook": ("a.ipynb", notebook()),
    "a notebook that starts with its format": ("a.ipynb", b'{"nbformat": 4, "cells": []}'),
    "a notebook behind large metadata": (
        "a.ipynb",
        json.dumps({"metadata": {"w": "x" * 300_000}, "nbformat": 4, "cells": []}).encode(),
    ),
    "a notebook of an old format": ("a.ipynb", b'{"worksheets": [], "metadata": {}}'),
    "a program": ("a.py", b"print('hello')\n"),
    "a program with a shebang": ("a.py", b"#!/usr/bin/env python3\nprint(1)\n"),
    "a program in an old encoding": ("a.py", "# -*- coding: cp1252 -*-\n# é\n".encode("cp1252")),
    "a program that writes HTML": ("a.py", b'page = "<!DOCTYPE html><html>"\n'),
    "a project": ("a.zip", archive([("src/main.py", b"print(1)"), ("README.md", b"# x")])),
    "a stored archive": ("a.zip", archive([("a.png", image("PNG"))], compression=0)),
    "a streamed archive": ("a.zip", archive([("a", b"x" * 999)], streamed=True)),
    "an archive with a comment": ("a.zip", archive([("a", b"x")], comment=b"c" * 60_000)),
    "an empty archive": ("a.zip", archive([])),
    "an archive of thousands of files": (
        "a.zip",
        archive((f"node_modules/package-{number}/index.js", b"x") for number in range(5000)),
    ),
    "an Office document handed in as an archive": ("a.zip", office("docx")),
    "an MP4": ("a.mp4", mp4()),
    "an MP4 from a telephone": ("a.mp4", mp4(b"mp42", b"mp42isom")),
    "an MP4 in fragments": ("a.mp4", mp4(b"iso5", b"iso5iso6mp41")),
    "an MP4 from a browser": ("a.mp4", mp4(b"avc1", b"avc1dash")),
    "an MP4 named for a player": ("a.m4v", mp4(b"M4V ", b"M4V mp42")),
}
for extension in samples.OFFICE:
    for order in ("types first", "types last", "parts first", "media first", "backslashes"):
        WORK[f"{extension} with {order}"] = (f"a.{extension}", office(extension, order))
    WORK[f"a streamed {extension}"] = (f"a.{extension}", office(extension, streamed=True))


@pytest.mark.parametrize("size", [1000, 65_536, 10**7])
@pytest.mark.parametrize("name", WORK)
def test_what_learners_make_is_taken(name: str, size: int) -> None:
    file_name, content = WORK[name]
    assert check(file_name, content, size) == expected_type(file_name, None, ()).media_type


def test_an_office_document_larger_than_the_memory_of_the_check_is_taken() -> None:
    slides = [(f"ppt/slides/slide{number}.xml", noise(300)) for number in range(4000)]
    content = archive([("[Content_Types].xml", b"<Types/>"), *slides])
    assert check("a.pptx", content) == expected_type("a.pptx", None, ()).media_type


def test_an_archive_of_the_large_format_is_read() -> None:
    content = office("docx")
    end = content.rindex(b"PK\x05\x06")
    entries, size, offset = 6, end - content.index(b"PK\x01\x02"), content.index(b"PK\x01\x02")
    large = b"PK\x06\x06" + (44).to_bytes(8, "little") + b"\x2d\0\x2d\0" + bytes(8)
    for number in (entries, entries, size, offset):
        large += number.to_bytes(8, "little")
    locator = b"PK\x06\x07" + bytes(4) + end.to_bytes(8, "little") + b"\1\0\0\0"
    tail = b"PK\x05\x06" + bytes(4) + b"\xff" * 12 + bytes(2)
    assert check("a.docx", content[:end] + large + locator + tail)


DISGUISES = {
    "HTML as an image": ("a.png", HTML, "an HTML page"),
    "HTML as text": ("a.txt", HTML, "an HTML page"),
    "HTML as Markdown": ("a.md", b"\n\n<html>", "an HTML page"),
    "HTML as a table": ("a.csv", HTML, "an HTML page"),
    "HTML as JSON": ("a.json", HTML, "an HTML page"),
    "HTML as a notebook": ("a.ipynb", HTML, "an HTML page"),
    "HTML as a program": ("a.py", HTML, "an HTML page"),
    "HTML behind a comment": ("a.txt", b"<!-- x -->\n" + HTML, "an HTML page"),
    "HTML behind a mark": ("a.txt", b"\xef\xbb\xbf" + HTML, "an HTML page"),
    "HTML in UTF-16": ("a.txt", HTML.decode().encode("utf-16"), "an HTML page"),
    "XHTML": ("a.txt", b'<?xml version="1.0"?>\n' + HTML, "an HTML page"),
    "a bare script": ("a.txt", b"<script>alert(1)</script>", "an HTML page"),
    "HTML before a PDF": ("a.pdf", HTML + pdf(), "an HTML page"),
    "SVG as an image": ("a.png", SVG, "an SVG drawing"),
    "SVG as text": ("a.txt", SVG, "an SVG drawing"),
    "a Windows program as a PDF": ("a.pdf", program("windows"), "a Windows program"),
    "a Windows program before a PDF": ("a.pdf", program("windows")[:50] + pdf(), "a Windows"),
    "a script before a PDF": ("a.pdf", b"#!/bin/sh\nrm\n" + pdf(), "plain text"),
    "a Windows program as text": ("a.txt", program("windows"), "a Windows program"),
    "a Windows program as an image": ("a.jpg", program("windows"), "a Windows program"),
    "a Windows program before an archive": (
        "a.zip",
        program("windows") + archive([("a", b"x")]),
        "a Windows program",
    ),
    "a Linux program as text": ("a.txt", program("linux"), "a Linux program"),
    "a short Linux program as text": ("a.txt", b"\x7fELF" + b"a" * 100, "a Linux program"),
    "a Linux program as Python": ("a.py", program("linux"), "a Linux program"),
    "a macOS program as text": ("a.txt", program("macos"), "a macOS program"),
    "a program behind 100 KiB of text": ("a.txt", b"x" * 102_400 + program("linux"), "of no type"),
    "an archive as Word": ("a.docx", archive([("a.txt", b"x")]), "a ZIP archive"),
    "an archive of Word as Word": (
        "a.docx",
        archive([("inner.docx", office("docx"))], compression=zipfile.ZIP_STORED),
        "a ZIP archive",
    ),
    "Excel as Word": ("a.docx", office("xlsx"), "an Excel workbook"),
    "PowerPoint as Excel": ("a.xlsx", office("pptx"), "a PowerPoint presentation"),
    "Word with macros": (
        "a.docx",
        archive(
            [("[Content_Types].xml", b""), ("word/document.xml", b""), ("word/vbaProject.bin", b"")]
        ),
        "an Office document with macros",
    ),
    "old Word as Word": ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old or"),
    "half an archive": ("a.zip", archive([("a", noise(9999))])[:5000], "a ZIP archive"),
    "a PNG as a JPEG": ("a.jpg", image("PNG"), "a PNG image"),
    "a JPEG as a PNG": ("a.png", image("JPEG"), "a JPEG image"),
    "a JPEG as text": ("a.txt", image("JPEG"), "a JPEG image"),
    "a PNG as a notebook": ("a.ipynb", image("PNG"), "a PNG image"),
    "a PDF as text": ("a.txt", b"%PDF-1.4\n1 0 obj\n", "a PDF document"),
    "a PDF as an image": ("a.png", pdf(), "a PDF document"),
    "a PDF too far in": ("a.pdf", b"\n" * 1025 + pdf(), "plain text"),
    "a PNG before a PDF": ("a.pdf", image("PNG")[:100] + pdf(), "a PNG image"),
    "rich text as text": ("a.txt", b"{\\rtf1\\ansi hello}", "a rich text (RTF) document"),
    "gzip as text": ("a.txt", gzip.compress(b"hello"), "a gzip archive"),
    "bzip2 as an archive": ("a.zip", bz2.compress(b"hello"), "of type"),
    "prose as JSON": ("a.json", b"hello", "plain text"),
    "nothing visible as JSON": ("a.json", b" \n", "plain text"),
    "JSON as a notebook": ("a.ipynb", b'{"a": 1}', "plain text"),
    "an array as a notebook": ("a.ipynb", b'["nbformat", "cells"]', "plain text"),
    "text as an image": ("a.webp", b"RIFF????WEBP", "plain text"),
    "text as a GIF": ("a.gif", b"GIF is pronounced", "plain text"),
    "text as a video": ("a.mp4", b"....ftypisom", "plain text"),
    "a QuickTime film as MP4": ("a.mp4", mp4(b"qt  ", b"qt  "), "a QuickTime video"),
    "noise as text": ("a.txt", noise(3000), "of no type known here"),
    "noise as a table": ("a.csv", noise(70_000), "of no type known here"),
    "noise behind a mark of UTF-16": ("a.txt", b"\xff\xfe" + noise(9000), "of no type known here"),
    "noise as an image": ("a.png", b"\x89PNG" + noise(500), "a PNG image"),
}


@pytest.mark.parametrize("size", [1000, 65_536, 10**7])
@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguise_is_refused_with_a_sentence(name: str, size: int) -> None:
    file_name, content, found = DISGUISES[name]
    with pytest.raises(TypeNotAccepted) as caught:
        check(file_name, content, size)
    assert caught.value.status == 415
    assert f"its content is {found}" in caught.value.detail
    assert "accepted: .png, .jpg" in caught.value.detail


@pytest.mark.parametrize(
    ("file_name", "content", "named"),
    [
        ("a.html", HTML, "text/html"),
        ("a.htm", b"<h1>Fragment</h1>", "text/html"),
        ("a.svg", SVG, "image/svg+xml"),
        ("a.sh", b"#!/bin/sh\necho\n", "application/x-sh"),
        ("a.exe", program("windows"), "application/vnd.microsoft.portable-executable"),
        ("a.so", program("linux"), "application/x-executable"),
    ],
)
def test_what_only_some_resources_want_is_taken_where_they_name_it(
    file_name: str, content: bytes, named: str
) -> None:
    assert check(file_name, content, accepted=(named,)) == named
    with pytest.raises(TypeNotAccepted):
        check(file_name, content)
    with pytest.raises(TypeNotAccepted):
        check(file_name, image("PNG"), accepted=(named,))


def test_a_wrong_file_is_refused_as_soon_as_its_beginning_is_known() -> None:
    sniffer = TypeSniffer(expected_type("a.png", None, ()), ())
    with pytest.raises(TypeNotAccepted):
        sniffer.feed(b"x" * 65_536)


def test_every_type_of_the_table_has_a_check() -> None:
    assert set(CHECKS) == {file_type.media_type for file_type in FILE_TYPES}


def verdict(file_name: str, content: bytes, accepted: tuple[str, ...] = ()) -> object:
    try:
        check(file_name, content, accepted=accepted)
    except TypeNotAccepted as error:
        return error.status
    return "taken"


@given(some.binary(max_size=500), some.sampled_from([row.extensions[0] for row in FILE_TYPES]))
def test_no_bytes_break_a_check(content: bytes, extension: str) -> None:
    named = tuple(row.media_type for row in FILE_TYPES)
    assert verdict(f"a.{extension}", content, named) in {"taken", 415}


@given(some.binary(max_size=200), some.integers(min_value=0, max_value=400))
def test_no_damage_breaks_the_reading_of_an_archive(noise: bytes, position: int) -> None:
    content = bytearray(office("docx"))
    content[-position : -position + len(noise)] = noise
    assert verdict("a.docx", bytes(content)) in {"taken", 415}


def test_the_check_keeps_little_and_costs_little() -> None:
    sniffer = TypeSniffer(expected_type("a.txt", None, ()), ())
    tracemalloc.start()
    try:
        for _ in range(160):
            sniffer.feed(b"x" * 65_536)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 640 * 1024
    before = time.process_time()
    for _ in range(100_000):
        sniffer.feed(b"x")
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    "content",
    [
        b"<!--" * 16_384,
        b" <!-- -->" * 8000 + b"<",
        b"<?xml" * 16_000,
        b"\n" * 65_536,
        b"[" * 65_536,
    ],
)
def test_a_hostile_text_costs_little(content: bytes) -> None:
    before = time.process_time()
    for file_name in ("a.txt", "a.json", "a.ipynb"):
        assert verdict(file_name, content) in {"taken", 415}
    assert time.process_time() - before < 0.5
