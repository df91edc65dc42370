from __future__ import annotations

import base64
import hashlib

import google_crc32c
from hypothesis import given
from hypothesis import strategies as some

from aibc.storage.chunks import in_blocks
from aibc.storage.hashing import HashingStream
from storage.contract import pieces, repeated

CHUNKS = some.lists(some.binary(max_size=40))


@given(CHUNKS)
async def test_a_hashing_stream_changes_nothing_and_counts_everything(
    chunks: list[bytes],
) -> None:
    stream = HashingStream(pieces(*chunks))
    assert [chunk async for chunk in stream] == chunks
    content = b"".join(chunks)
    assert stream.fingerprint.size == len(content)
    assert stream.fingerprint.sha256 == hashlib.sha256(content).hexdigest()
    expected = google_crc32c.value(content).to_bytes(4, "big")
    assert base64.b64decode(stream.fingerprint.crc32c) == expected


async def test_large_chunks_hashed_in_a_thread_count_the_same() -> None:
    content = bytes(range(256)) * 4096
    stream = HashingStream(pieces(content[:100_000], content[100_000:100_010], content[100_010:]))
    assert b"".join([chunk async for chunk in stream]) == content
    assert stream.fingerprint.sha256 == hashlib.sha256(content).hexdigest()


async def test_the_checksum_of_the_standard_vector_is_right() -> None:
    stream = HashingStream(pieces(b"123456789"))
    assert [chunk async for chunk in stream]
    assert stream.fingerprint.crc32c == "4waSgw=="


@given(CHUNKS, some.integers(min_value=1, max_value=50))
async def test_blocks_hold_the_same_bytes_and_are_large_enough(
    chunks: list[bytes], size: int
) -> None:
    blocks = [block async for block in in_blocks(pieces(*chunks), size)]
    assert b"".join(blocks) == b"".join(chunks)
    assert all(len(block) >= size for block in blocks[:-1])
    assert all(blocks)


async def test_a_flood_of_tiny_pieces_is_passed_on_before_it_weighs_much() -> None:
    blocks = [block async for block in in_blocks(repeated(b"xy", 5000))]
    assert [len(block) for block in blocks] == [2048, 2048, 2048, 2048, 1808]
