from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aibc.settings import MEBIBYTE
from aibc.storage.local import LocalStore
from aibc.submissions.errors import FileEmpty, FileTooLarge, SubmissionError, TypeNotAccepted
from aibc.submissions.file_stream import checked
from aibc.submissions.file_types import expected_type
from aibc.submissions.type_sniffer import TypeSniffer
from storage.contract import pieces
from submissions.samples import image

PNG = image("PNG")
KEY = "pathways/p/work.png"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    store = LocalStore(tmp_path)
    yield store
    await store.close()


def stream(*chunks: bytes, name: str = "work.png", limit: int = MEBIBYTE) -> AsyncIterator[bytes]:
    sniffer = TypeSniffer(expected_type(name, None, ()), ())
    return checked(pieces(*chunks), sniffer=sniffer, max_bytes=limit)


async def stored(store: LocalStore, chunks: AsyncIterator[bytes]) -> int:
    return (await store.put(KEY, chunks, content_type="", content_disposition="")).size


async def test_a_file_of_exactly_the_limit_is_stored(store: LocalStore) -> None:
    assert await stored(store, stream(PNG, limit=len(PNG))) == len(PNG)


@pytest.mark.parametrize(
    ("chunks", "error", "status"),
    [
        ((PNG, b"x" * (MEBIBYTE - len(PNG) + 1)), FileTooLarge, 413),
        ((), FileEmpty, 413),
        ((b"",), FileEmpty, 413),
        ((b"short and not an image",), TypeNotAccepted, 415),
        ((b"x" * 65_536, PNG), TypeNotAccepted, 415),
    ],
)
async def test_a_file_that_breaks_a_rule_leaves_nothing(
    store: LocalStore,
    tmp_path: Path,
    chunks: tuple[bytes, ...],
    error: type[SubmissionError],
    status: int,
) -> None:
    with pytest.raises(error) as caught:
        await stored(store, stream(*chunks))
    assert caught.value.status == status
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_the_limit_is_told_in_the_sentence() -> None:
    with pytest.raises(FileTooLarge, match=r"larger than the 0\.5 MB allowed here"):
        [chunk async for chunk in stream(PNG, b"x" * MEBIBYTE, limit=MEBIBYTE // 2)]


async def test_no_byte_is_passed_on_beyond_the_limit() -> None:
    passed: list[int] = []
    with pytest.raises(FileTooLarge):
        await measure(stream(PNG, *[b"x" * 65_536] * 100), passed)
    assert sum(passed) <= MEBIBYTE


async def measure(chunks: AsyncIterator[bytes], sizes: list[int]) -> None:
    async for chunk in chunks:
        sizes += [len(chunk)]
