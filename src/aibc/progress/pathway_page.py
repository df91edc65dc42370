"""A pathway as its learner sees it: the curriculum's modules, each with the learner's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from aibc.catalog.snapshot import Module, Pathway, pathway_summary
from aibc.progress.documents import (
    Document,
    Row,
    progress_document,
    untouched_progress_document,
)

_NO_ROW: Mapping[str, None] = {
    "module_progress_percentage": None,
    "module_completed_at": None,
    "module_approval_status": None,
    "module_review_comments": None,
}


def pathway_page(pathway: Pathway, user_id: UUID, rows: Sequence[Row]) -> Document:
    """The page from the rows of `read_pathway_progress`: one per touched module, one at least."""
    touched = {row["module_id"]: row for row in rows}
    modules = [_module_document(one, touched.get(one.id, _NO_ROW)) for one in pathway.modules]
    waiting = (one for one in modules if one["approval_status"] != "approved")
    return {
        "pathway": pathway_summary(pathway),
        "progress": _progress(pathway, user_id, rows[0]),
        "modules": modules,
        "next_module": next(waiting, None),
    }


def _progress(pathway: Pathway, user_id: UUID, row: Row) -> Document:
    if row["id"] is None:
        return untouched_progress_document(user_id, pathway.id)
    return progress_document(row)


def _module_document(module: Module, row: Row) -> Document:
    return {
        "id": module.id,
        "pathway_id": module.pathway_id,
        "title": module.title,
        "description": module.description,
        "order_index": module.order_index,
        "duration_minutes": module.duration_minutes,
        "created_at": module.created_at,
        "updated_at": module.updated_at,
        "completed": row["module_approval_status"] is not None,
        "completed_at": row["module_completed_at"],
        "approval_status": row["module_approval_status"],
        "review_comments": row["module_review_comments"],
        "progress_percentage": row["module_progress_percentage"] or 0,
    }
