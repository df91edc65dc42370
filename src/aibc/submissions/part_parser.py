"""Cut the bytes of a multipart/form-data body into parts, within bounds, one chunk at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from aibc.submissions.errors import FormExpected, FormMalformed

MAX_BOUNDARY_BYTES = 70
MAX_PARTS = 16
MAX_HEADERS = 16
MAX_HEADER_BYTES = 8 * 1024
# Bytes before the first boundary and after the last one carry nothing.
MAX_PADDING_BYTES = 8 * 1024
SLICE_BYTES = 256 * 1024


@dataclass(frozen=True)
class PartStart:
    """A part begins; header names are in lower case."""

    headers: dict[bytes, bytes]


@dataclass(frozen=True)
class PartData:
    """Some bytes of the part, never none."""

    data: bytes


@dataclass(frozen=True)
class PartEnd:
    """The part is over."""


Event = PartStart | PartData | PartEnd


class PartParser:
    """Feeds python-multipart's parser and turns its callbacks into events.

    The library bounds a header line; this bounds what it leaves open: the headers of a part
    together, the parts, and the bytes around them.
    """

    def __init__(self, content_type: str | None) -> None:
        """Read the boundary from the request's Content-Type. Raises FormExpected, FormMalformed."""
        boundary = _boundary(content_type)
        self.is_finished = False
        self._delimiter = b"\r\n--" + boundary
        self._delimiters = 0
        self._parts = 0
        self._padding = 0
        self._piece = b""
        self._has_handed_on_all = False  # inside a part, to the end of the piece
        self._events: list[Event] = []
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_begin": self._begin_header,
                "on_header_field": self._extend_name,
                "on_header_value": self._extend_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._take_data,
                "on_part_end": self._end_part,
                "on_end": self._end_form,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield what `chunk` brings. Raises FormMalformed."""
        for start in range(0, len(chunk), SLICE_BYTES):
            piece = chunk[start : start + SLICE_BYTES]
            if self._is_data_alone(piece):
                yield PartData(piece)
                continue
            self._bound(piece)
            self._write(piece)
            events, self._events = self._events, []
            yield from events

    def _is_data_alone(self, piece: bytes) -> bool:
        """Say whether the library would hand all of `piece` on as it is: nearly all of a file.

        It has handed on all before, and no boundary stands in the piece or may begin at its end.
        """
        return (
            self._has_handed_on_all
            and b"\r" not in piece[-len(self._delimiter) :]
            and self._delimiter not in piece
        )

    def _write(self, piece: bytes) -> None:
        self._piece = piece
        self._has_handed_on_all = False
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise FormMalformed from error
        finally:
            self._piece = b""
        if self.is_finished:
            self._parser.callbacks = {}  # they hold us, as we hold the parser: a cycle

    def _bound(self, piece: bytes) -> None:
        # A line that starts like the boundary but is none sends the library through its slow
        # path, byte by byte; a body made of such lines would hold the event loop for seconds.
        self._delimiters += piece.count(self._delimiter)
        if self._delimiters > MAX_PARTS + 1:
            raise _too_many_parts()
        if self.is_finished or not self._parts:
            self._padding += len(piece)
            if self._padding > MAX_PADDING_BYTES and not self._starts_part(piece):
                raise FormMalformed

    def _starts_part(self, piece: bytes) -> bool:
        """Say whether the first part begins early in `piece`, which is then no padding."""
        return not self.is_finished and 0 <= piece.find(self._delimiter[2:]) <= MAX_PADDING_BYTES

    def _begin_part(self) -> None:
        self._parts += 1
        self._padding = 0
        if self._parts > MAX_PARTS:
            raise _too_many_parts()
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = 0

    def _begin_header(self) -> None:
        self._name = bytearray()
        self._value = bytearray()

    def _extend_name(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._name += data[start:end]

    def _extend_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._value += data[start:end]

    def _count_header(self, length: int) -> None:
        self._header_bytes += length
        if self._header_bytes > MAX_HEADER_BYTES:
            raise FormMalformed

    def _end_header(self) -> None:
        name = bytes(self._name).lower()
        if name in self._headers:
            raise FormMalformed
        self._headers[name] = bytes(self._value)

    def _end_headers(self) -> None:
        self._events.append(PartStart(self._headers))

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartData(data[start:end]))
        self._has_handed_on_all = data is self._piece and end == len(data)

    def _end_part(self) -> None:
        self._events.append(PartEnd())

    def _end_form(self) -> None:
        self.is_finished = True


def _boundary(content_type: str | None) -> bytes:
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data":
        raise FormExpected
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= MAX_BOUNDARY_BYTES:
        raise FormMalformed
    return boundary


def _too_many_parts() -> FormMalformed:
    return FormMalformed(
        f"The upload form has more than {MAX_PARTS} fields; send only the file and the notes."
    )
