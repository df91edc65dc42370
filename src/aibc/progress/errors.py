"""Errors of progress. What a write may not do is refused by the database itself (RuleViolation).

AibcError
├── NotStarted            404  the learner has no record on this resource yet
├── AttemptNotFound       404  the learner has not taken the quiz so often
└── CatalogKeepsChanging  503  the curriculum changed with every try to read it
"""

from __future__ import annotations

from aibc.errors import AibcError


class NotStarted(AibcError):
    """You have not started this resource yet."""

    code = "not_started"
    status = 404


class AttemptNotFound(AibcError):
    """There is no such attempt."""

    code = "attempt_not_found"
    status = 404


class CatalogKeepsChanging(AibcError):
    """The curriculum is being changed at this moment. Please try again in a few seconds."""

    code = "catalog_changing"
    status = 503

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})
