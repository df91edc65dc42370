"""Read an upload form as it arrives: one file, and notes before or after it.

Nothing is spooled: a chunk of the file is parsed when the store asks for it, and the rest of the
body waits in the socket. The stream of the file ends only after the whole form was read, so a
store that reads it to the end has stored a file from a form without fault.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from python_multipart.multipart import parse_options_header

from aibc.submissions.errors import (
    FileMissing,
    FileNameNotText,
    FormMalformed,
    NotesTooLong,
    SubmissionError,
    TooManyFiles,
    UploadIncomplete,
)
from aibc.submissions.file_names import decode_multipart_name
from aibc.submissions.part_parser import Event, PartData, PartParser, PartStart

FILE_FIELD = "file"
NOTES_FIELD = "notes"
MAX_NOTES_CHARACTERS = 5000
# Four bytes a character, and a carriage return more for each line a browser sends.
MAX_NOTES_BYTES = MAX_NOTES_CHARACTERS * 5
MAX_IGNORED_BYTES = 64 * 1024
MAX_PROOF_BYTES = 200

_PLAIN_ENCODINGS = (b"", b"7bit", b"8bit", b"binary")
_EXTENDED_NAME = re.compile(rb"""filename\*\s*=\s*utf-8'[^']*'([^;\s"]+)""", re.IGNORECASE)


@dataclass(frozen=True)
class FilePart:
    """What the form says of its file: the name as sent, unescaped, and the declared type."""

    name: str
    declared_type: str | None


class UploadForm:
    """One multipart/form-data body with exactly one file.

    Call `open_file`, then read `file_chunks` to its end; only then is `notes` complete.
    Each may raise any FormError; `open_file` FileNameNotText too. `proof_field` names a short text
    field that shows before the file who sent the form.
    """

    def __init__(
        self,
        content_type: str | None,
        body: AsyncIterator[bytes],
        proof_field: str | None = None,
    ) -> None:
        self._parser = PartParser(content_type)
        self._body = body
        self._events = self._read_events()
        self._fields = _TextFields(proof_field)
        self._file: FilePart | None = None
        self._fault: SubmissionError | None = None

    @property
    def notes(self) -> str | None:
        """The text field `notes`, lines ended by a line feed; None when absent or empty."""
        return self._fields.notes or None

    @property
    def proof(self) -> str | None:
        """The text of `proof_field`, as far as it was read."""
        return self._fields.proof

    async def open_file(self) -> FilePart:
        """Read up to the first byte of the file; asked again, this only says the same again."""
        if self._fault is not None:
            raise self._fault
        if self._file is None:
            try:
                self._file = await self._find_file()
            except SubmissionError as fault:
                self._fault = fault
                raise
        return self._file

    async def _find_file(self) -> FilePart:
        async for event in self._events:
            disposition = _disposition(event)
            if disposition is None or disposition.file_name is None:
                self._fields.take(event, disposition)
            elif disposition.name != FILE_FIELD:
                raise FileMissing
            else:
                return FilePart(disposition.file_name, disposition.declared_type)
        raise FileMissing

    async def file_chunks(self) -> AsyncIterator[bytes]:
        """Yield the file's bytes, then read what follows it in the form."""
        async for event in self._events:
            if not isinstance(event, PartData):
                break
            yield event.data
        async for event in self._events:
            disposition = _disposition(event)
            if disposition is not None and disposition.file_name is not None:
                raise TooManyFiles
            self._fields.take(event, disposition)

    async def _read_events(self) -> AsyncIterator[Event]:
        async for chunk in self._body:
            for event in self._parser.feed(chunk):
                yield event
        if not self._parser.is_finished:
            raise UploadIncomplete


class _TextFields:
    """Keeps the notes and the proof, and counts what is ignored."""

    def __init__(self, proof_field: str | None) -> None:
        self.notes: str | None = None
        self.proof: str | None = None
        self._proof_field = proof_field
        self._name = ""
        self._collected = b""
        self._ignored = 0

    def take(self, event: Event, disposition: _Disposition | None) -> None:
        if disposition is not None:
            self._begin(disposition.name)
        elif isinstance(event, PartData):
            self._extend(event.data)
        elif self._name == NOTES_FIELD:
            self.notes = _notes(self._collected)
        elif self._name == self._proof_field:
            self.proof = self._collected.decode("utf-8", "replace")

    def _begin(self, name: str) -> None:
        if name == FILE_FIELD:
            raise FileMissing
        if name == NOTES_FIELD and self.notes is not None:
            raise FormMalformed("The form holds the notes twice; send them once.")
        self._name = name
        self._collected = b""

    def _extend(self, data: bytes) -> None:
        if self._name == NOTES_FIELD:
            self._collected += data
        elif self._name == self._proof_field:
            self._collected = (self._collected + data)[:MAX_PROOF_BYTES]
        else:
            self._ignored += len(data)
        if self._ignored > MAX_IGNORED_BYTES:
            raise FormMalformed("The form holds too much beside its file; send less with it.")
        if len(self._collected) > MAX_NOTES_BYTES:
            raise NotesTooLong


@dataclass(frozen=True)
class _Disposition:
    name: str
    file_name: str | None
    declared_type: str | None


def _disposition(event: Event) -> _Disposition | None:
    """Read the headers of a part that begins; None for any other event."""
    if not isinstance(event, PartStart):
        return None
    header = event.headers.get(b"content-disposition", b"")
    kind, options = parse_options_header(header)
    encoding = event.headers.get(b"content-transfer-encoding", b"")
    if kind != b"form-data" or b"name" not in options:
        raise FormMalformed
    if encoding.strip().lower() not in _PLAIN_ENCODINGS:
        raise FormMalformed
    declared = event.headers.get(b"content-type")
    return _Disposition(
        options[b"name"].decode("utf-8", "replace"),
        _file_name(options.get(b"filename"), header),
        None if declared is None else declared.decode("latin-1"),
    )


def _file_name(plain: bytes | None, header: bytes) -> str | None:
    # The form standard knows only the plain parameter; older Python clients send the other one.
    extended = _EXTENDED_NAME.search(header)
    try:
        if plain is not None:
            return decode_multipart_name(plain.decode("utf-8"))
        return unquote_to_bytes(extended[1]).decode("utf-8") if extended else None
    except UnicodeDecodeError:
        raise FileNameNotText from None


def _notes(data: bytes) -> str:
    try:
        notes = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise FormMalformed("The notes are not readable as UTF-8 text.") from None
    if "\0" in notes:
        raise FormMalformed("The notes hold a NUL character; please remove it.")
    if len(notes) > MAX_NOTES_CHARACTERS:
        raise NotesTooLong
    return notes
