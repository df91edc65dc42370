"""The learner's name for a file, the store's name for it, and the name a download gets."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

from aibc.submissions.errors import ExtensionMissing, FileNameMissing, FileNameTooLong

MAX_NAME_CHARACTERS = 255
MAX_SAFE_BYTES = 100
MAX_SAFE_EXTENSION_BYTES = 16

# Format characters that shape what is written: joiners of Persian and Indic scripts and of emoji.
_KEPT_FORMAT_CHARACTERS = frozenset("\u200c\u200d")
_REMOVED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Letters that Unicode does not decompose into an ASCII letter and an accent.
_SPELLED_OUT = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
        "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i",
    }
)  # fmt: skip
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 ._()+,=@!#$&^{}\[\]~'-]+")


def decode_multipart_name(raw: str) -> str:
    """Undo what browsers do to a name in a form: `%22`, `%0D` and `%0A`, and nothing else.

    A literal `%22` typed by a learner looks the same and becomes a quote too; the form standard
    leaves no way to tell.
    """
    decoded = {"%22": '"', "%0D": "\r", "%0A": "\n"}
    return re.sub("%22|%0[DA]", lambda match: decoded[match[0].upper()], raw, flags=re.IGNORECASE)


def clean_file_name(raw: str) -> str:
    """Return the learner's own name for the file, fit to be stored and shown.

    NFC, without directories and without control, bidirectional and other invisible characters.
    Raises FileNameMissing, FileNameTooLong (over 255 characters) or ExtensionMissing.
    """
    visible = "".join(character for character in raw if _is_kept(character))
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", visible)[-1]).strip()
    if name in {"", ".", ".."}:
        raise FileNameMissing
    if len(name) > MAX_NAME_CHARACTERS:
        raise FileNameTooLong
    extension_of(name)
    return name


def extension_of(name: str) -> str:
    """Return the extension in lower case, without its dot. Raises ExtensionMissing."""
    stem, extension = _split(name)
    if not stem.strip(".") or not extension:
        raise ExtensionMissing
    return extension.lower()


def safe_name(name: str) -> str:
    """Spell a cleaned name with `[A-Za-z0-9._-]` alone, in at most 100 bytes, extension kept.

    Never empty, never starting with a dot or a dash: `résumé.pdf` becomes `resume.pdf`, and what
    has no ASCII spelling at all becomes `file`.
    """
    stem, extension = _split(name)
    safe_extension = re.sub(r"[^A-Za-z0-9]", "", _to_ascii(extension))[:MAX_SAFE_EXTENSION_BYTES]
    return _joined(_safe_stem(stem), safe_extension or "bin")


def numbered(name: str, number: int) -> str:
    """Tell a safe name from its namesakes of the same second: `work-2.pdf`; the first stays."""
    if number == 1:
        return name
    stem, extension = _split(name)
    return _joined(stem, extension, suffix=f"-{number}")


def object_key(
    pathway_id: str, user_id: UUID, resource_id: str, moment: datetime, name: str
) -> str:
    """Build the key a file is stored under; `moment` is aware, `name` is a safe name."""
    stamp = moment.astimezone(UTC).strftime("%Y-%m-%d_%H-%M-%S")
    return f"pathways/{pathway_id}/users/{user_id}/resources/{resource_id}/{stamp}_{name}"


def content_disposition(name: str) -> str:
    """Build the header that makes a browser save a file as `name` (RFC 6266, RFC 8187).

    A name beyond plain ASCII is given twice, spelled safely for old clients and in full.
    """
    if _PLAIN_NAME.fullmatch(name):
        return f'attachment; filename="{name}"'
    full = quote(name, safe="!#$&+-.^_`|~")
    return f"attachment; filename=\"{safe_name(name)}\"; filename*=UTF-8''{full}"


def _is_kept(character: str) -> bool:
    if character in _KEPT_FORMAT_CHARACTERS:
        return True
    return unicodedata.category(character) not in _REMOVED_CATEGORIES


def _split(name: str) -> tuple[str, str]:
    stem, _, extension = name.rpartition(".")
    return stem, extension.strip()


def _to_ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_SPELLED_OUT))
    return (
        "".join(character for character in decomposed if not unicodedata.combining(character))
        .encode("ascii", "replace")
        .decode("ascii")
    )


def _safe_stem(stem: str) -> str:
    dashed = re.sub(r"[^A-Za-z0-9._]+", "-", _to_ascii(stem))
    return re.sub(r"([.-])[.-]+", r"\1", dashed).strip(".-_") or "file"


def _joined(stem: str, extension: str, suffix: str = "") -> str:
    ending = f"{suffix}.{extension}"
    return stem[: MAX_SAFE_BYTES - len(ending)].rstrip(".-_") + ending
