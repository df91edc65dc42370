"""Images, PDF, video and programs, told by their first bytes.

The library's matchers know the signatures; where two or four bytes satisfy one, more is asked.
"""

from __future__ import annotations

import re

import filetype  # type: ignore[import-untyped]  # it ships no types

from aibc.submissions.sample import Sample
from aibc.submissions.text_types import decoded, starts_as_html

# Readers find a PDF behind up to this many bytes of mail or printer headers.
_PDF_LEADING_BYTES = 1024
_PROGRAMS = (b"MZ", b"#!", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\0asm")
_MACH_O = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")
_MAX_MP4_BOX_BYTES = 1024
_MP4_BRANDS = re.compile(
    rb"isom|iso[2-9]|mp4[12]|mp71|avc1|dash|M4V |M4VH|M4VP|MSNV|cmfc|msdh|F4V "
)
_WORDS = {
    "application/gzip": "a gzip archive",
    "application/pdf": "a PDF document",
    "application/rtf": "a rich text (RTF) document",
    "application/x-7z-compressed": "a 7-Zip archive",
    "application/x-msdownload": "a Windows program",
    "application/x-executable": "a Linux program",
    "application/x-rar-compressed": "a RAR archive",
    "application/x-tar": "a tar archive",
    "application/zip": "a ZIP archive",
    "image/apng": "a PNG image",
    "image/gif": "a GIF image",
    "image/jpeg": "a JPEG image",
    "image/png": "a PNG image",
    "image/webp": "a WebP image",
    "video/mp4": "an MP4 video",
    "video/quicktime": "a QuickTime video",
}


def is_png(sample: Sample) -> bool:
    return sample.head.startswith(b"\x89PNG\r\n\x1a\n") and sample.head[12:16] == b"IHDR"


def is_jpeg(sample: Sample) -> bool:
    return _matches(sample, "image/jpeg")


def is_webp(sample: Sample) -> bool:
    return _matches(sample, "image/webp")


def is_gif(sample: Sample) -> bool:
    return sample.head.startswith((b"GIF87a", b"GIF89a"))


def is_pdf(sample: Sample) -> bool:
    """Say whether a PDF starts within the first 1,024 bytes, with nothing of its own before it."""
    start = sample.head.find(b"%PDF-", 0, _PDF_LEADING_BYTES + 5)
    if start <= 0:
        return start == 0
    text = decoded(sample) or sample.head[:start].decode("latin-1")
    return not is_program(sample) and not _is_media(sample) and not starts_as_html(text)


def is_mp4(sample: Sample) -> bool:
    """Say whether the bytes start with a file type box that names a brand of MP4."""
    head = sample.head
    size = int.from_bytes(head[:4], "big")
    if head[4:8] != b"ftyp" or not 16 <= size <= _MAX_MP4_BOX_BYTES:
        return False
    box = head[8:size]
    brands = [box[start : start + 4] for start in range(0, len(box), 4) if start != 4]
    return any(_MP4_BRANDS.fullmatch(brand) for brand in brands)


def is_windows_program(sample: Sample) -> bool:
    return sample.head.startswith(b"MZ")


def is_linux_program(sample: Sample) -> bool:
    return sample.head.startswith(b"\x7fELF")


def is_program(sample: Sample) -> bool:
    return sample.head.startswith(_PROGRAMS + _MACH_O)


def describe(sample: Sample) -> str:
    """Say in words what binary bytes are."""
    if is_mp4(sample):
        return "an MP4 video"
    if sample.head.startswith(b"\x7fELF"):
        return "a Linux program"
    if sample.head.startswith(_MACH_O):
        return "a macOS program"
    if sample.head.startswith(b"\xd0\xcf\x11\xe0"):
        return "an old or password-protected Office document"
    guess = filetype.guess(sample.head)
    if guess is None:
        return "of no type known here"
    return _WORDS.get(guess.mime, f"of type {guess.mime}")


def _matches(sample: Sample, media_type: str) -> bool:
    return bool(filetype.get_type(mime=media_type).match(sample.head))


def _is_media(sample: Sample) -> bool:
    return sample.head.startswith(b"PK\x03\x04") or any(
        check(sample) for check in (is_png, is_jpeg, is_webp, is_gif, is_mp4)
    )
