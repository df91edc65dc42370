"""The catalog as ready-made JSON, so that a hot read joins bytes and builds nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

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


# What stands in a resource's room until a learner has done something there.
NOTHING_DONE = b',"completion":null,"submissions":[]}'

View = TypeVar("View")


@dataclass(frozen=True, slots=True)
class Views(Generic[View]):
    """One thing as a learner and as staff read it."""

    learner: View
    staff: View

    def seen_by(self, *, staff: bool) -> View:
        return self.staff if staff else self.learner


@dataclass(frozen=True, slots=True)
class Template:
    """JSON with a room in each resource, which takes the end of its object.

    Pieces are joined as they stand; `rooms` are the places of the rooms among them.
    """

    pieces: list[bytes]
    rooms: dict[str, int]

    def filled(self, ends: Mapping[str, bytes]) -> bytes:
        """The whole JSON, with these ends by the resource's id; what has no room here is left."""
        pieces, rooms = self.pieces.copy(), self.rooms
        for resource_id, end in ends.items():
            room = rooms.get(resource_id)
            if room is not None:
                pieces[room] = end
        return b"".join(pieces)


def resources_template(fragments: Iterable[tuple[str, bytes]]) -> Template:
    """A list of resources from their ids and their whole JSON."""
    template = Template([b"["], {})
    for resource_id, whole in fragments:
        if template.rooms:
            template.pieces.append(b",")
        template.pieces.append(whole[:-1])
        template.rooms[resource_id] = len(template.pieces)
        template.pieces.append(NOTHING_DONE)
    template.pieces.append(b"]")
    return template


def modules_template(modules: Iterable[tuple[str, str, Template]]) -> Template:
    """A list of modules, each with the list of its resources, from ids, titles and these lists."""
    template = Template([b"["], {})
    for module_id, title, inner in modules:
        if len(template.pieces) > 1:
            template.pieces.append(b",")
        head = orjson.dumps({"module_id": module_id, "module_title": title})
        template.pieces.append(b'%b,"resources":' % head[:-1])
        first = len(template.pieces)
        template.rooms.update((one, first + room) for one, room in inner.rooms.items())
        template.pieces.extend(inner.pieces)
        template.pieces.append(b"}")
    template.pieces.append(b"]")
    return template


def resource_views(row: Mapping[str, Any]) -> Views[bytes]:
    """The API's resource as JSON, of one row (a `resources` row with its `pathway_id`)."""
    shown = {key: row[key] for key in _KEYS}
    staff = orjson.dumps(shown)
    if row["type"] != "quiz":
        return Views(learner=staff, staff=staff)
    learner = orjson.dumps({**shown, "metadata": learner_view(row["metadata"])})
    return Views(learner=learner, staff=staff)


def record_names(row: Mapping[str, Any]) -> bytes:
    """Members of the JSON of every record on this resource, without braces."""
    names = {
        "resource_id": row["id"],
        "module_id": row["module_id"],
        "pathway_id": row["pathway_id"],
        "submission_required": row["requires_upload"],
    }
    return orjson.dumps(names)[1:-1]
