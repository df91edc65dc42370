"""Check, while a file streams through, that its bytes are what its name says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aibc.submissions import archive_types, binary_types, text_types
from aibc.submissions.file_types import (
    NOTEBOOK,
    PRESENTATION,
    SPREADSHEET,
    WINDOWS_PROGRAM,
    WORDPROCESSING,
    FileType,
    refusal,
)
from aibc.submissions.sample import HEAD_BYTES, TAIL_BYTES, Sample

Check = Callable[[Sample], bool]


def _office(media_type: str) -> Check:
    def check(sample: Sample) -> bool:
        if not sample.complete:
            return archive_types.is_zip(sample)
        return archive_types.office_type(sample) == media_type

    return check


CHECKS: Mapping[str, Check] = {
    "image/png": binary_types.is_png,
    "image/jpeg": binary_types.is_jpeg,
    "image/webp": binary_types.is_webp,
    "image/gif": binary_types.is_gif,
    "application/pdf": binary_types.is_pdf,
    "text/plain": text_types.is_plain,
    "text/markdown": text_types.is_plain,
    "text/csv": text_types.is_plain,
    "application/json": text_types.is_json,
    NOTEBOOK: text_types.is_notebook,
    "text/x-python": text_types.is_plain,
    "application/zip": archive_types.is_zip,
    WORDPROCESSING: _office(WORDPROCESSING),
    PRESENTATION: _office(PRESENTATION),
    SPREADSHEET: _office(SPREADSHEET),
    "video/mp4": binary_types.is_mp4,
    "text/html": text_types.is_text,
    "image/svg+xml": text_types.is_svg,
    "application/x-sh": text_types.is_plain,
    WINDOWS_PROGRAM: binary_types.is_windows_program,
    "application/x-executable": binary_types.is_linux_program,
}

# A single zero byte, wherever it stands, means that a file is no text.
READ_WHOLE = frozenset(
    {
        "text/plain",
        "text/markdown",
        "text/csv",
        "application/json",
        NOTEBOOK,
        "text/x-python",
        "text/html",
        "image/svg+xml",
        "application/x-sh",
    }
)

_OFFICE_WORDS = {
    WORDPROCESSING: "a Word document",
    PRESENTATION: "a PowerPoint presentation",
    SPREADSHEET: "an Excel workbook",
}


class TypeSniffer:
    """Watches the chunks of one file and keeps at most 256 KiB of them.

    `feed` refuses as soon as the first 64 KiB cannot be of the type; `finish` decides.
    """

    def __init__(self, file_type: FileType, accepted_file_types: Sequence[str]) -> None:
        self._file_type = file_type
        self._accepted_file_types = accepted_file_types
        self._head = bytearray()
        self._tail = bytearray()
        self._size = 0
        self._zero_byte = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes. Raises TypeNotAccepted."""
        room = HEAD_BYTES - len(self._head)
        # Cutting the front off a bytearray moves no bytes, so tiny chunks stay cheap.
        self._tail += chunk[-TAIL_BYTES:]
        del self._tail[:-TAIL_BYTES]
        self._size += len(chunk)
        self._zero_byte = self._zero_byte or b"\0" in chunk
        if room:
            self._head += chunk[:room]
            if len(chunk) >= room:
                self._decide(complete=False)

    def skip(self, size: int) -> None:
        """Leave out `size` bytes between the first 64 KiB and the last 160 KiB.

        Only a type that is not among `READ_WHOLE` can be told without them.
        """
        self._tail.clear()
        self._size += size

    def finish(self) -> None:
        """Take the end of the file. Raises TypeNotAccepted."""
        self._decide(complete=True)

    def _decide(self, *, complete: bool) -> None:
        head, tail = bytes(self._head), bytes(self._tail)
        sample = Sample(head, tail, self._size, complete, self._zero_byte)
        if not CHECKS[self._file_type.media_type](sample):
            found = describe(sample)
            raise refusal(
                f"The file's name says {self._file_type.name}, but its content is {found}",
                self._accepted_file_types,
            )


def describe(sample: Sample) -> str:
    """Say in words for a learner what the bytes are."""
    text = text_types.decoded(sample)
    if text is not None and text_types.starts_as_html(text):
        return "an HTML page"
    if text is not None and text_types.starts_as_svg(text):
        return "an SVG drawing"
    media_type = archive_types.office_type(sample)
    if media_type is not None:
        return _OFFICE_WORDS[media_type]
    if archive_types.is_zip(sample):
        macros = archive_types.has_macros(sample)
        return "an Office document with macros" if macros else "a ZIP archive"
    if text is not None and not binary_types.is_windows_program(sample):
        return "plain text"
    return binary_types.describe(sample)
