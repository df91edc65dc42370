from __future__ import annotations

import base64
import hashlib

import google_crc32c
from hypothesis import given
from hypothesis import strategies as some

from aibc.storage.chunks import in_blocks
from aibc.storage.hashing import Fingerprint
from storage.contract import pieces, repeated

CHUNKS = some.lists(some.binary(max_size=40))


@given(CHUNKS)
def test_a_fingerprint_counts_everything(chunks: list[bytes]) -> None:
    fingerprint = Fingerprint()
    for chunk in chunks:
        fingerprint.update(chunk)
    content = b"".join(chunks)
    assert fingerprint.size == len(content)
    assert fingerprint.sha256 == hashlib.sha256(content).hexdigest()
    expected = google_crc32c.value(content).to_bytes(4, "big")
    assert base64.b64decode(fingerprint.crc32c) == expected


def test_the_checksum_of_the_standard_vector_is_right() -> None:
    fingerprint = Fingerprint()
    fingerprint.update(b"123456789")
    assert fingerprint.crc32c == "4waSgw=="


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
