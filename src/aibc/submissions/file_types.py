"""The types of file bootcamp work is made of, and which of them a resource takes.

An extension names one type of this table, or none. The bytes then have to agree with it
(type_sniffer.py), and so has what the client declares. docs/file-types.md is this table in words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aibc.submissions.errors import TypeNotAccepted
from aibc.submissions.file_names import extension_of

WORDPROCESSING = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PRESENTATION = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOTEBOOK = "application/x-ipynb+json"
WINDOWS_PROGRAM = "application/vnd.microsoft.portable-executable"

# What clients declare when they do not know; it agrees with everything.
UNTOLD_TYPES = frozenset(
    {
        "",
        "*/*",
        "application/force-download",
        "application/octet-stream",
        "application/unknown",
        "application/x-download",
        "application/x-unknown",
        "binary/octet-stream",
    }
)


@dataclass(frozen=True)
class FileType:
    """One row of the table.

    `broader` are types of other rows that a client may truthfully declare instead. `aliases` are
    names no row has as its own; systems send them so loosely that they agree with everything.
    A type `on_request` is taken only where a resource names it exactly.
    """

    name: str
    media_type: str
    extensions: tuple[str, ...]
    broader: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    on_request: bool = False


FILE_TYPES: tuple[FileType, ...] = (
    FileType("PNG image", "image/png", ("png",), aliases=("image/apng", "image/x-png")),
    FileType(
        "JPEG image",
        "image/jpeg",
        ("jpg", "jpeg", "jpe", "jfif"),
        aliases=("image/jpg", "image/pjpeg", "image/x-jpeg"),
    ),
    FileType("WebP image", "image/webp", ("webp",), aliases=("image/x-webp",)),
    FileType("GIF image", "image/gif", ("gif",)),
    FileType(
        "PDF document",
        "application/pdf",
        ("pdf",),
        aliases=("application/acrobat", "application/vnd.pdf", "application/x-pdf", "text/pdf"),
    ),
    FileType("plain text", "text/plain", ("txt", "text"), aliases=("text/x-plain",)),
    FileType(
        "Markdown",
        "text/markdown",
        ("md", "markdown"),
        broader=("text/plain",),
        aliases=("application/markdown", "text/x-markdown", "text/x-web-markdown"),
    ),
    FileType(
        "CSV table",
        "text/csv",
        ("csv",),
        broader=("text/plain",),
        aliases=(
            "application/csv",
            "application/vnd.ms-excel",
            "application/x-csv",
            "text/comma-separated-values",
            "text/tab-separated-values",
            "text/x-comma-separated-values",
            "text/x-csv",
        ),
    ),
    FileType(
        "JSON file",
        "application/json",
        ("json",),
        broader=("text/plain",),
        aliases=("application/x-json", "text/json", "text/x-json"),
    ),
    FileType(
        "Jupyter notebook",
        NOTEBOOK,
        ("ipynb",),
        broader=("application/json", "text/plain"),
        aliases=("application/ipynb+json", "application/x-ipynb"),
    ),
    FileType(
        "Python program",
        "text/x-python",
        ("py",),
        broader=("text/plain",),
        aliases=(
            "application/x-python",
            "application/x-python-code",
            "text/python",
            "text/x-python-script",
            "text/x-script.python",
        ),
    ),
    FileType(
        "ZIP archive",
        "application/zip",
        ("zip",),
        aliases=(
            "application/x-compressed",
            "application/x-zip",
            "application/x-zip-compressed",
            "multipart/x-zip",
        ),
    ),
    FileType(
        "Word document",
        WORDPROCESSING,
        ("docx",),
        broader=("application/zip",),
        aliases=("application/msword", "application/vnd.ms-word"),
    ),
    FileType(
        "PowerPoint presentation",
        PRESENTATION,
        ("pptx",),
        broader=("application/zip",),
        aliases=("application/mspowerpoint", "application/vnd.ms-powerpoint"),
    ),
    FileType(
        "Excel workbook",
        SPREADSHEET,
        ("xlsx",),
        broader=("application/zip",),
        aliases=("application/msexcel", "application/x-msexcel"),
    ),
    FileType(
        "MP4 video",
        "video/mp4",
        ("mp4", "m4v"),
        aliases=("application/mp4", "video/mpeg4", "video/x-m4v", "video/x-mp4"),
    ),
    FileType("HTML page", "text/html", ("html", "htm"), on_request=True),
    FileType("SVG drawing", "image/svg+xml", ("svg",), on_request=True),
    FileType("shell script", "application/x-sh", ("sh",), on_request=True),
    FileType("Windows program", WINDOWS_PROGRAM, ("exe", "dll"), on_request=True),
    FileType("Linux program", "application/x-executable", ("elf", "so"), on_request=True),
)

ALIASES = frozenset(alias for file_type in FILE_TYPES for alias in file_type.aliases)
_BY_EXTENSION = {
    extension: file_type for file_type in FILE_TYPES for extension in file_type.extensions
}
_SHOWABLE = re.compile(r"[a-z0-9!#$&^_.+*-]{1,100}/[a-z0-9!#$&^_.+*-]{1,100}")


def expected_type(
    file_name: str, declared_type: str | None, accepted_file_types: Sequence[str]
) -> FileType:
    """Decide, before any byte is read, what the file has to turn out to be.

    `accepted_file_types` is the resource's list of exact types or `image/*`; empty means every
    type that is not on request. Raises TypeNotAccepted, or ExtensionMissing.
    """
    extension = extension_of(file_name)
    file_type = _BY_EXTENSION.get(extension)
    if file_type is None or file_type not in accepted_types(accepted_file_types):
        raise refusal(f"Files ending in .{extension[:20]} are not taken here", accepted_file_types)
    declared = _bare(declared_type)
    if not _agrees(declared, file_type):
        told = declared if _SHOWABLE.fullmatch(declared) else "an unknown type"
        raise refusal(
            f"The file's name says {file_type.name}, but it was sent as {told}",
            accepted_file_types,
        )
    return file_type


def accepted_types(accepted_file_types: Sequence[str]) -> tuple[FileType, ...]:
    """Translate a resource's list into the rows of the table it stands for."""
    return tuple(
        file_type for file_type in FILE_TYPES if _is_accepted(file_type, accepted_file_types)
    )


def refusal(reason: str, accepted_file_types: Sequence[str]) -> TypeNotAccepted:
    """Word the error for `reason`, a clause without its full stop."""
    extensions = [f".{row.extensions[0]}" for row in accepted_types(accepted_file_types)]
    accepted = ", ".join(extensions) or ", ".join(accepted_file_types)
    return TypeNotAccepted(f"{reason}; accepted: {accepted}.")


def _is_accepted(file_type: FileType, accepted_file_types: Sequence[str]) -> bool:
    if not accepted_file_types:
        return not file_type.on_request
    names = {file_type.media_type, *file_type.aliases}
    if not file_type.on_request:
        names |= {"*/*", file_type.media_type.partition("/")[0] + "/*"}
    return any(_bare(pattern) in names for pattern in accepted_file_types)


def _agrees(declared: str, file_type: FileType) -> bool:
    if declared in UNTOLD_TYPES or declared in ALIASES:
        return True
    return declared == file_type.media_type or declared in file_type.broader


def _bare(declared: str | None) -> str:
    return (declared or "").partition(";")[0].strip().lower()
