"""Documents flattened into the rows of the three tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from aibc.catalog.documents import (
    LessonDocument,
    ModuleDocument,
    PathwayDocument,
    QuizDocument,
)

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class CatalogRows:
    """The rows of some pathways, ready for one statement a table."""

    pathways: list[Row]
    modules: list[Row]
    resources: list[Row]

    @property
    def pathway_ids(self) -> list[str]:
        return [row["id"] for row in self.pathways]


def rows_of(documents: Iterable[PathwayDocument]) -> CatalogRows:
    """Flatten documents. A place in a list, counted from 1, is the `order_index` not written."""
    rows = CatalogRows([], [], [])
    for pathway in documents:
        rows.pathways.append(pathway.model_dump(exclude={"modules"}))
        for module_place, module in enumerate(pathway.modules, start=1):
            rows.modules.append(_module_row(module, pathway.id, module_place))
            for place, resource in enumerate(module.resources, start=1):
                rows.resources.append(_resource_row(resource, module.id, place))
    return rows


def _module_row(module: ModuleDocument, pathway_id: str, place: int) -> Row:
    row = module.model_dump(exclude={"resources"})
    if module.duration_minutes is None:
        row["duration_minutes"] = sum(one.duration_minutes for one in module.resources)
    return row | {"pathway_id": pathway_id, "order_index": _placed(module.order_index, place)}


def _resource_row(resource: LessonDocument | QuizDocument, module_id: str, place: int) -> Row:
    row = resource.model_dump()
    if isinstance(resource, QuizDocument):
        row["metadata"] = resource.metadata.stored() if resource.metadata else {}
        row |= {"requires_upload": False, "accepted_file_types": [], "max_file_size_mb": 50}
    return row | {"module_id": module_id, "order_index": _placed(resource.order_index, place)}


def _placed(order_index: int | None, place: int) -> int:
    return place if order_index is None else order_index
