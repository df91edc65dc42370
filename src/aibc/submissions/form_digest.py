"""Tells whether a form that is sent again is the form that was sent before.

A digest has two words: of what the form says of its file, and of the file's bytes and the notes.
The second is absent where the file was refused before its end.
"""

from __future__ import annotations

import asyncio
import hashlib

import orjson

from aibc.errors import AibcError
from aibc.http.body_guard import DRAIN_BYTES, DRAIN_SECONDS
from aibc.http.problems import RefusedBody
from aibc.submissions.errors import UploadIncomplete
from aibc.submissions.incoming import IncomingBody
from aibc.submissions.multipart import FilePart, UploadForm


def digest_of_part(part: FilePart) -> str:
    """The first word."""
    return _digest(part.name, part.declared_type)


def digest_of_form(part: FilePart, sha256: str, notes: str | None) -> str:
    """Both words."""
    return f"{digest_of_part(part)} {_digest(sha256, notes)}"


async def is_same_form(body: IncomingBody, digest: str) -> bool:
    """Read the form as far as a refused body is read, and compare what was read.

    What lies beyond 32 MiB or 5 s is not looked at, and taken for the same.
    """
    form, words = UploadForm(body.content_type, aiter(body)), digest.split()
    sha256, size = hashlib.sha256(), 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            part = await form.open_file()
            if digest_of_part(part) != words[0]:
                return False
            async for chunk in form.file_chunks():
                sha256.update(chunk)
                size += len(chunk)
                if size >= DRAIN_BYTES:
                    return True
    except (TimeoutError, RefusedBody, UploadIncomplete):
        return True
    except AibcError:
        return False
    return len(words) == 1 or digest_of_form(part, sha256.hexdigest(), form.notes) == digest


def _digest(*parts: str | None) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
