from __future__ import annotations

import gc
import time
import tracemalloc
import weakref
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from aibc.submissions.errors import (
    FileMissing,
    FileNameNotText,
    FormError,
    FormExpected,
    FormMalformed,
    NotesTooLong,
    TooManyFiles,
    UploadIncomplete,
)
from aibc.submissions.multipart import FilePart, UploadForm
from submissions.forms import BOUNDARY, Received, arriving, field, form, reader, receive

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
FILE = field("file", PNG, b"work.png", "image/png")
MEBIBYTE = 1024 * 1024


async def take_all(upload: UploadForm, take: Callable[[bytes], None]) -> None:
    async for chunk in upload.file_chunks():
        take(chunk)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 4096, 10**6])
async def test_a_file_comes_through_whatever_the_pieces(size: int) -> None:
    assert await receive(form(FILE), size) == Received(FilePart("work.png", "image/png"), PNG, None)


@pytest.mark.parametrize("size", [1, 50, 10**6])
async def test_notes_may_stand_before_or_after_the_file(size: int) -> None:
    notes = field("notes", "Grüße\r\nzwei".encode())
    for body in (form(notes, FILE), form(FILE, notes)):
        received = await receive(body, size)
        assert received.notes == "Grüße\nzwei"
        assert received.content == PNG


async def test_empty_notes_are_none() -> None:
    assert (await receive(form(FILE, field("notes", b"")))).notes is None


async def test_an_empty_file_is_a_file_without_bytes() -> None:
    assert (await receive(form(field("file", b"", b"a.txt")))).content == b""


async def test_other_fields_are_ignored_within_reason() -> None:
    body = form(field("csrf", b"x" * 60_000), FILE, field("more", b"y" * 5_000))
    assert (await receive(body)).content == PNG


async def test_what_a_real_client_sends_is_understood() -> None:
    request = httpx.Request(
        "POST",
        "http://localhost/",
        files={"file": ("résumé.pdf", b"%PDF-", "application/pdf")},
        data={"notes": "hello"},
    )
    upload = UploadForm(request.headers["Content-Type"], arriving(request.read(), 10))
    assert await upload.open_file() == FilePart("résumé.pdf", "application/pdf")
    assert [chunk async for chunk in upload.file_chunks()]
    assert upload.notes == "hello"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"a%22b.pdf", 'a"b.pdf'),
        (b'a\\"b.pdf', 'a"b.pdf'),
        (b"a;b.pdf", "a;b.pdf"),
        (b"../../x.png", "../../x.png"),
        (b"%2e%2e%2fx.png", "%2e%2e%2fx.png"),
        ("作業.pdf".encode(), "作業.pdf"),
        (b"a%0D%0AX-Evil: 1.pdf", "a\r\nX-Evil: 1.pdf"),
        (b"a\x00b.pdf", "a\x00b.pdf"),
        (b"", ""),
    ],
)
async def test_the_file_name_arrives_as_it_was_sent(sent: bytes, expected: str) -> None:
    received = await receive(form(field("file", PNG, sent)))
    assert received.part == FilePart(expected, None)


async def test_the_extended_name_of_older_clients_counts_where_it_stands_alone() -> None:
    header = b"Content-Disposition: form-data; name=\"file\"; filename*=utf-8''r%C3%A9s.pdf"
    received = await receive(form(header + b"\r\n\r\n" + PNG))
    assert received.part.name == "rés.pdf"
    both = header.replace(b"filename*", b'filename="a.png"; filename*')
    assert (await receive(form(both + b"\r\n\r\n" + PNG))).part.name == "a.png"


@pytest.mark.parametrize(
    "part",
    [
        field("file", PNG, b"r\xe9sum\xe9.pdf"),
        b"Content-Disposition: form-data; name=\"file\"; filename*=utf-8''%ff\r\n\r\nx",
    ],
)
async def test_a_file_name_that_is_not_utf_8_is_refused(part: bytes) -> None:
    with pytest.raises(FileNameNotText):
        await receive(form(part))


@pytest.mark.parametrize(
    "body",
    [
        form(),
        form(field("notes", b"no file")),
        form(field("upload", PNG, b"work.png", "image/png")),
        form(field("file", b"text, not a file")),
        form(field("File", PNG, b"work.png")),
    ],
)
async def test_a_form_without_a_file_named_file_is_refused(body: bytes) -> None:
    with pytest.raises(FileMissing) as caught:
        await receive(body)
    assert caught.value.status == 422


@pytest.mark.parametrize("name", ["file", "other"])
@pytest.mark.parametrize("size", [1, 10**6])
async def test_a_second_file_fails_the_stream_of_the_first(name: str, size: int) -> None:
    upload = reader(form(FILE, field(name, PNG, b"second.png")), size)
    await upload.open_file()
    taken: list[bytes] = []
    with pytest.raises(TooManyFiles) as caught:
        await take_all(upload, taken.append)
    assert caught.value.code == "too_many_files"
    assert b"".join(taken) == PNG


@pytest.mark.parametrize("size", [1, 10**6])
async def test_a_body_cut_anywhere_is_incomplete(size: int) -> None:
    notes = field("notes", b"x" * 50)
    whole = form(notes, field("file", b"y" * 50, b"a.txt"), notes.replace(b"notes", b"other"))
    end = len(whole) - len(b"\r\n")
    for length in range(0, end, 3):
        with pytest.raises(UploadIncomplete):
            await receive(whole[:length], size)
    assert (await receive(whole[:end], size)).notes == "x" * 50


@pytest.mark.parametrize(
    "content_type",
    [None, "", "application/json", "multipart/mixed; boundary=x", "application/octet-stream"],
)
def test_a_body_that_is_no_form_is_refused(content_type: str | None) -> None:
    with pytest.raises(FormExpected) as caught:
        UploadForm(content_type, arriving(b"", 1))
    assert caught.value.status == 415


@pytest.mark.parametrize(
    "parameter", ["", "; boundary=", '; boundary=""', "; boundary=" + "x" * 71]
)
def test_a_boundary_that_is_missing_or_too_long_is_refused(parameter: str) -> None:
    with pytest.raises(FormMalformed):
        UploadForm("multipart/form-data" + parameter, arriving(b"", 1))


@pytest.mark.parametrize("boundary", ["x", "a" * 70, "'()+_,-./:=?"])
async def test_every_boundary_the_standard_allows_is_read(boundary: str) -> None:
    upload = UploadForm(
        f'Multipart/Form-Data; charset=utf-8; boundary="{boundary}"',
        arriving(form(FILE, boundary=boundary), 100),
    )
    assert (await upload.open_file()).name == "work.png"
    assert b"".join([chunk async for chunk in upload.file_chunks()]) == PNG


@pytest.mark.parametrize(
    "notes", ["x" * 5000, "é" * 5000, "😀" * 5000, "a\r\n" * 2500, "\r\n" * 5000]
)
async def test_five_thousand_characters_of_notes_are_taken(notes: str) -> None:
    received = await receive(form(FILE, field("notes", notes.encode())))
    assert received.notes == notes.replace("\r\n", "\n")


@pytest.mark.parametrize("notes", ["x" * 5001, "😀" * 5001, "x" * MEBIBYTE])
async def test_longer_notes_are_refused(notes: str) -> None:
    with pytest.raises(NotesTooLong):
        await receive(form(field("notes", notes.encode()), FILE))


@pytest.mark.parametrize(
    "parts",
    [
        [field("notes", b"a\x00b"), FILE],
        [field("notes", b"\xff\xfe"), FILE],
        [field("notes", b"a"), field("notes", b"b"), FILE],
        [field("notes", b""), field("notes", b"b"), FILE],
        [FILE, field("other", b"x" * (64 * 1024 + 1))],
        [b"\r\n\r\n" + PNG],
        [b"Content-Type: image/png\r\n\r\n" + PNG],
        [FILE.replace(b"form-data", b"attachment")],
        [FILE.replace(b'name="file"; ', b"")],
        [FILE.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1)],
        [b"Content-Disposition: form-data; name=a\r\n" + FILE],
    ],
)
async def test_a_form_that_breaks_the_rules_is_refused(parts: list[bytes]) -> None:
    with pytest.raises(FormMalformed) as caught:
        await receive(form(*parts))
    assert caught.value.status == 422


async def test_bytes_that_look_almost_like_a_boundary_belong_to_the_file() -> None:
    content = b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n\r\n--\r\n-" + b"\r" * 100
    for size in (1, 3, 10**6):
        assert (await receive(form(field("file", content, b"a.txt")), size)).content == content


@given(
    some.binary(max_size=300),
    some.text(max_size=60),
    some.integers(min_value=1, max_value=400),
    some.booleans(),
)
async def test_every_file_and_note_comes_through(
    content: bytes, notes: str, size: int, notes_first: bool
) -> None:
    parts = [field("file", content, b"a.txt"), field("notes", notes.encode())]
    notes_expected = notes.replace("\r\n", "\n") or None
    if "\0" in notes:
        with pytest.raises(FormMalformed):
            await receive(form(*parts), size)
        return
    received = await receive(form(*(reversed(parts) if notes_first else parts)), size)
    assert received == Received(FilePart("a.txt", None), content, notes_expected)


_ALMOST = BOUNDARY[:-1].encode()


@given(
    some.lists(some.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"\r\n--", _ALMOST, b"x" * 50])),
    some.integers(min_value=1, max_value=200),
)
async def test_no_piece_of_a_file_is_taken_for_a_boundary_or_lost_beside_one(
    fragments: list[bytes], size: int
) -> None:
    content = b"".join(fragments)
    received = await receive(form(field("file", content, b"a.txt"), field("notes", b"n")), size)
    assert received == Received(FilePart("a.txt", None), content, "n")


@given(some.binary(max_size=400), some.integers(min_value=1, max_value=100))
async def test_no_body_breaks_the_reader(body: bytes, size: int) -> None:
    with pytest.raises(FormError):
        await receive(b"--x\r\n" + body, size, boundary="x")


async def test_the_body_is_read_no_further_than_the_file_is_taken() -> None:
    sent = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal sent
        async for piece in arriving(form(field("file", b"x" * MEBIBYTE, b"a.txt")), 16_384):
            sent += len(piece)
            yield piece

    upload = UploadForm(f"multipart/form-data; boundary={BOUNDARY}", counted())
    await upload.open_file()
    chunks = upload.file_chunks()
    taken = 0
    while taken < 100_000:
        taken += len(await anext(chunks))
        assert sent - taken < 2 * 16_384


async def test_a_large_file_passes_in_little_memory() -> None:
    async def large() -> AsyncIterator[bytes]:
        start, end = form(field("file", b"<>", b"a.txt")).split(b"<>")
        yield start
        piece = b"x" * 65_536
        for _ in range(64 * 16):
            yield piece
        yield end

    upload = UploadForm(f"multipart/form-data; boundary={BOUNDARY}", large())
    await upload.open_file()
    tracemalloc.start()
    try:
        size = 0
        async for chunk in upload.file_chunks():
            size += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == 64 * MEBIBYTE
    assert peak < MEBIBYTE


HOSTILE = {
    "line ends before the first boundary": b"\r\n" * (5 * MEBIBYTE // 2) + form(FILE),
    "dashes before the first boundary": b"\r-" * (5 * MEBIBYTE // 2) + form(FILE),
    "a header of one MiB": form(FILE.replace(b"\r\n", b"\r\nX: " + b"x" * MEBIBYTE + b"\r\n", 1)),
    "a header name of one MiB": form(b"x" * MEBIBYTE + b": 1\r\n" + FILE),
    "thousands of headers": form(b"X: 1\r\n" * 20_000 + FILE),
    "headers of 8 KiB together": form(
        b"".join(b"X-%d: " % number + b"x" * 1000 + b"\r\n" for number in range(9)) + FILE
    ),
    "two thousand parts": form(*[field("a", b"x")] * 2000, FILE),
    "two thousand parts after the file": form(FILE, *[field("a", b"x")] * 2000),
    "twenty MB of text": form(field("a", b"x" * 20 * MEBIBYTE), FILE),
    "lines that start like a boundary": form(
        field("file", (b"\r\n--" + BOUNDARY.encode() + b"x") * 100_000, b"a.txt")
    ),
    "an endless epilogue": form(FILE) + b"x" * 5 * MEBIBYTE,
    "an endless epilogue of boundaries": form(FILE) * 1000,
}


@pytest.mark.parametrize("size", [4096, 65_536, 10**8])
@pytest.mark.parametrize("attack", HOSTILE)
async def test_a_hostile_form_is_refused_at_once(attack: str, size: int) -> None:
    before = time.process_time()
    with pytest.raises(FormMalformed):
        await receive(HOSTILE[attack], size)
    assert time.process_time() - before < 0.5


async def test_a_body_of_single_carriage_returns_costs_little() -> None:
    before = time.process_time()
    received = await receive(form(field("file", b"\r" * 5 * MEBIBYTE, b"a.txt")))
    assert len(received.content) == 5 * MEBIBYTE
    assert time.process_time() - before < 0.5


async def test_a_form_that_was_read_leaves_nothing_for_the_collector_of_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        upload = reader(form(field("file", b"x" * 300_000, b"a.txt")))
        await upload.open_file()
        assert sum([len(chunk) async for chunk in upload.file_chunks()]) == 300_000
        gone = weakref.ref(upload)
        del upload
        assert gone() is None
    finally:
        gc.enable()
