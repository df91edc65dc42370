"""Resources as ready-made JSON, so that a hot read joins bytes and builds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from aibc.catalog.quiz import learner_view

_KEYS = (
    "id",
    "module_id",
    "pathway_id",
    "type",
    "title",
    "description",
    "order_index",
    "duration_minutes",
    "requires_upload",
    "accepted_file_types",
    "max_file_size_mb",
    "allow_resubmission",
    "url",
    "metadata",
    "created_at",
    "updated_at",
    "is_required",
    "is_published",
)


@dataclass(frozen=True, slots=True)
class Fragment:
    """One JSON object: whole, and without its closing brace for a reader that adds fields."""

    whole: bytes
    open: bytes


@dataclass(frozen=True, slots=True)
class ResourceFragments:
    """The API's resource as a learner and as staff read it."""

    learner: Fragment
    staff: Fragment

    def seen_by(self, *, staff: bool) -> Fragment:
        return self.staff if staff else self.learner


def resource_fragments(row: Mapping[str, Any]) -> ResourceFragments:
    """Both views of one row (a `resources` row with its `pathway_id`)."""
    shown = {key: row[key] for key in _KEYS}
    staff = _fragment(shown)
    if row["type"] != "quiz":
        return ResourceFragments(learner=staff, staff=staff)
    learner = _fragment({**shown, "metadata": learner_view(row["metadata"])})
    return ResourceFragments(learner=learner, staff=staff)


def _fragment(value: Mapping[str, Any]) -> Fragment:
    whole = orjson.dumps(value)
    return Fragment(whole=whole, open=whole[:-1])
