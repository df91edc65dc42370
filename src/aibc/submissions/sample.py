"""What a type is decided from: the first and the last bytes of a file."""

from __future__ import annotations

from dataclasses import dataclass

HEAD_BYTES = 64 * 1024
# Room for the directory of a ZIP archive of some thousand entries, which stands at its end.
TAIL_BYTES = 160 * 1024


@dataclass(frozen=True)
class Sample:
    """The first `HEAD_BYTES`, the last `TAIL_BYTES` (they overlap in a small file), the size.

    While `complete` is False more bytes may follow, and a check answers True as long as the file
    can still turn out well. `zero_byte` tells of a NUL anywhere so far.
    """

    head: bytes
    tail: bytes
    size: int
    complete: bool
    zero_byte: bool

    @property
    def is_all_in_head(self) -> bool:
        return self.complete and self.size <= HEAD_BYTES
