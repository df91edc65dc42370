"""How the wire shows what a learner did: one definition of each document, for every route.

Documents are plain dicts made from database rows; `dumps` writes them, with times in UTC ending
in `Z`. The models in `schemas.py` describe the same fields for the API description.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import msgspec
import orjson
from starlette.responses import Response

from aibc.database.pool import Record

Document: TypeAlias = dict[str, Any]
JSON_MEDIA_TYPE = "application/json"


class Row(Protocol):
    """A database row, or anything else that is read by column name."""

    def __getitem__(self, name: str, /) -> Any: ...


def dumps(document: object) -> bytes:
    """The document as JSON bytes."""
    return orjson.dumps(document, default=_driver_value, option=orjson.OPT_UTC_Z)


def _driver_value(value: object) -> str:
    """The driver's UUIDs are a class of their own, which orjson does not know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value)} has no JSON form")


def json_response(document: object) -> Response:
    """An answer of 200 with the document, past any response model."""
    return Response(dumps(document), media_type=JSON_MEDIA_TYPE)


class Shape:
    """The fields of one document, read from a row by name; only the row knows `prefix`."""

    def __init__(self, *fields: str, prefix: str = "") -> None:
        self.fields = fields
        self._prefix = prefix
        self._read = itemgetter(*(prefix + field for field in fields))

    def __call__(self, row: Row) -> Document:
        return dict(zip(self.fields, self._read(row), strict=True))

    def writer(self) -> RowWriter:
        """The same document of many rows, as JSON and without a dict for each."""
        return RowWriter(self.fields, self._prefix)

    def without(self, *fields: str) -> Shape:
        """The document with these fields left out."""
        return Shape(*(field for field in self.fields if field not in fields), prefix=self._prefix)

    def prefixed(self, prefix: str) -> Shape:
        """The same document, read from a row that also holds others."""
        return Shape(*self.fields, prefix=prefix)


class RowWriter:
    """Writes one document of each of many rows, in which its columns stand side by side."""

    def __init__(self, fields: Sequence[str], prefix: str) -> None:
        self._fields, self._prefix = fields, prefix
        self._document: Callable[..., object] = msgspec.defstruct(
            "Document", [(field, Any) for field in fields], gc=False
        )

    def __call__(self, layout: Record) -> Callable[[Record], bytes]:
        """A function that writes rows laid out like this one."""
        columns, document = _columns(layout, self._prefix, self._fields), self._document
        encode = _encode
        return lambda row: encode(document(*row[columns]))


def _columns(layout: Record, prefix: str, fields: Sequence[str]) -> slice:
    first = list(layout.keys()).index(prefix + fields[0])
    return slice(first, first + len(fields))


_encode = msgspec.json.Encoder().encode

_completion = Shape(
    "id",
    "user_id",
    "resource_id",
    "module_id",
    "pathway_id",
    "status",
    "progress_percentage",
    "time_spent_minutes",
    "started_at",
    "completed_at",
    "last_accessed_at",
    "submission_count",
    "notes",
    "metadata",
)
_PLACE = ("user_id", "resource_id", "module_id", "pathway_id")
_figures = Shape("module_progress", "module_completed", "pathway_progress")

submission_document = Shape(
    "id",
    "user_id",
    "resource_id",
    "attempt",
    "file_name",
    "file_size_bytes",
    "file_type",
    "sha256",
    "crc32c",
    "gcs_url",
    "submission_status",
    "reviewed_by",
    "reviewed_at",
    "review_comments",
    "grade",
    "notes",
    "created_at",
    "updated_at",
    "metadata",
)
# Without the names that follow from the resource and the learner.
completion_writer = _completion.without(*_PLACE).writer()
submission_writer = submission_document.without(*_PLACE).prefixed("submission_").writer()

module_completion_document = Shape(
    "id",
    "user_id",
    "pathway_id",
    "module_id",
    "completed_at",
    "time_spent_minutes",
    "approval_status",
    "reviewed_by",
    "reviewed_at",
    "review_comments",
)

progress_document = Shape(
    "id",
    "user_id",
    "pathway_id",
    "current_module_id",
    "progress_percentage",
    "completed_modules",
    "total_time_spent_minutes",
    "started_at",
    "last_accessed_at",
    "completed_at",
)


def completion_document(row: Row, *, submission_required: bool) -> Document:
    """One learner's record on one resource."""
    return {**_completion(row), "submission_required": submission_required}


def written_completion_document(row: Row) -> Document:
    """The record as a write function returned it."""
    return completion_document(row, submission_required=row["submission_required"])


def completion_write_document(row: Row) -> Document:
    """The record with the figures of its module and pathway as they stand after the write."""
    return {**written_completion_document(row), **_figures(row)}


def untouched_progress_document(user_id: object, pathway_id: str) -> Document:
    """The progress of somebody who never touched the pathway: zeros and nulls."""
    return {
        **dict.fromkeys(progress_document.fields),
        "user_id": user_id,
        "pathway_id": pathway_id,
        "progress_percentage": 0,
        "completed_modules": 0,
        "total_time_spent_minutes": 0,
    }
