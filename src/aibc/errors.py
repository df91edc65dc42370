"""The root of every error the product raises on purpose.

AibcError
├── DatabaseUnavailable        (database/errors.py)  503, the database cannot be reached
├── RuleViolation              (database/errors.py)  a rule kept by the database said no
├── …Error of each slice       (<slice>/errors.py)
└── …Error of the HTTP edge    (http/errors.py)

An error knows its stable `code`, its HTTP `status` and one sentence a person can act on.
Only `http/problems.py` turns it into a response, the pages into a notice, the CLI into a line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypedDict


class FieldError(TypedDict):
    """One wrong field of a request: where it stands and what is wrong with it."""

    field: str
    message: str


class AibcError(Exception):
    """Something went wrong that the caller can understand."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        self.headers = dict(headers or {})
        self.errors = list(errors)
        super().__init__(self.detail)
