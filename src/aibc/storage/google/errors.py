"""What Google's answers mean to us.

StorageUnavailable          503
├── Transient                    worth another attempt; becomes StorageUnavailable when they run out
├── StorageRefused          503  no rights, no such bucket or no credentials: an operator must act
└── ObjectDamaged           503  what arrived is not what was sent
"""

from __future__ import annotations

import re
from http import HTTPStatus

from aibc.storage.google.transport import Answer
from aibc.storage.store import ObjectMissing, StorageError, StorageUnavailable

_CODE = re.compile(rb"<Code>([A-Za-z]{1,60})</Code>")
_TRANSIENT = frozenset({401, 408, 429, 500, 502, 503, 504})
# What Google says when bytes were damaged on the way: sending them again may help.
_DAMAGED = "BadDigest"


class Transient(StorageUnavailable):
    """The file storage does not answer right now; please try again in a moment."""


class StorageRefused(StorageUnavailable):
    """The file storage does not let this service in; `aibc storage check` tells an operator why."""

    code = "storage_refused"
    retry_after_seconds = 60


class ObjectDamaged(StorageUnavailable):
    """The file was damaged on its way to the storage; please send it again."""

    code = "object_damaged"


def require_success(answer: Answer) -> Answer:
    """Return the answer if it says success, else raise what it means."""
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise meaning_of(answer)
    return answer


def meaning_of(answer: Answer) -> StorageError:
    """Translate an answer of refusal."""
    code = refusal_code(answer)
    if answer.status in _TRANSIENT or code == _DAMAGED:
        return Transient()
    if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) and code != "NoSuchBucket":
        return ObjectMissing()
    return StorageRefused()


def refusal_code(answer: Answer) -> str:
    """The name Google gives its refusal, such as NoSuchBucket; empty when it gives none."""
    found = _CODE.search(answer.body)
    return found[1].decode() if found else ""
