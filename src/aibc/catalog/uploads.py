"""Files of a catalog as somebody uploads them: YAML files, or a ZIP archive of such files.

Nothing is unpacked to a disk, names are only labels, and sizes are counted while they are read:
what an archive says about itself is not believed.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from aibc.catalog.errors import CatalogInvalid, Problem
from aibc.catalog.loader import MAX_FILE_BYTES, SUFFIXES, CatalogFile

MAX_UPLOADED_FILES = 200
MAX_UPLOADED_BYTES = 4 * 1024 * 1024
_ARCHIVE = b"PK\x03\x04"
_WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LONGEST_LABEL = 120
# The last is of archives that use what only a later version of the format has.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
)


def uploaded_files(sent: Sequence[CatalogFile]) -> list[CatalogFile]:
    """Every YAML file of what was sent, archives opened. Raises CatalogInvalid."""
    found: list[CatalogFile] = []
    total = 0
    for file in _opened(sent):
        total += len(file.content)
        if len(found) >= MAX_UPLOADED_FILES:
            raise _refusal(file.name, f"more than {MAX_UPLOADED_FILES} files at once")
        if total > MAX_UPLOADED_BYTES:
            raise _refusal(
                file.name, f"all files together hold more than {MAX_UPLOADED_BYTES >> 20} MB"
            )
        found.append(file)
    if not found:
        raise _refusal("upload", "holds no file whose name ends in .yaml")
    return found


def label(name: str) -> str:
    """The name of a file as messages show it: its last part, in visible characters."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    shown = "".join(sign for sign in last if sign.isprintable()).strip()
    return shown[-_LONGEST_LABEL:] or "file"


def _opened(sent: Sequence[CatalogFile]) -> Iterator[CatalogFile]:
    for file in sent:
        name = label(file.name)
        if file.content.startswith(_ARCHIVE):
            yield from _inside(name, file.content)
        elif name.lower().endswith(SUFFIXES):
            yield CatalogFile(name, file.content)
        else:
            raise _refusal(name, "is neither a .yaml file nor a .zip archive")


def _inside(archive_name: str, content: bytes) -> Iterator[CatalogFile]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if _is_wanted(entry):
                    yield CatalogFile(label(entry.filename), _read(archive, entry))
    except _UNREADABLE as error:
        raise _refusal(archive_name, "cannot be read as a ZIP archive") from error


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    """Whether it is a YAML file that somebody wrote, not one that macOS keeps beside it."""
    hidden = label(entry.filename).startswith(".") or entry.filename.startswith("__MACOSX/")
    return entry.filename.lower().endswith(SUFFIXES) and not entry.is_dir() and not hidden


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    name = label(entry.filename)
    if entry.flag_bits & 1:
        raise _refusal(name, "is encrypted inside its archive")
    if entry.compress_type not in _WAYS:
        raise _refusal(name, "is packed in a way that is not supported: use an ordinary ZIP")
    with archive.open(entry) as opened:
        content = opened.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise _refusal(name, f"is larger than {MAX_FILE_BYTES >> 20} MB")
    return content


def _refusal(name: str, message: str) -> CatalogInvalid:
    return CatalogInvalid([Problem(name, 0, message)])
