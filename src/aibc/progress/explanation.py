"""Why a learner's figures are what they are: every resource with its state and whether it counts,
and the sums that its module and the pathway make of it.

The sums are worked out anew from what the learner did; `stored_percentage` is what every other
page shows. They differ only when something is broken, which `aibc doctor` names and mends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from uuid import UUID

from aibc.catalog.errors import PathwayNotFound
from aibc.database.pool import Connection
from aibc.database.queries import load_queries
from aibc.progress.documents import Document, Row
from aibc.progress.reasons import (
    absence,
    approval_sentence,
    module_sum,
    pathway_sum,
    resource_reason,
    resource_state,
)

_EXPLAIN = load_queries(__package__, "explanation.sql")["explain_pathway"]
DONE = ("completed", "reviewed")


async def explain(
    connection: Connection, user_id: UUID, pathway_id: str, *, shows_hidden: bool
) -> Document:
    """The explanation of one learner's figures on one pathway.

    `shows_hidden` is for staff. A learner sees what is live, and what has gone since they worked
    on it. Raises PathwayNotFound.
    """
    rows = await connection.fetch(_EXPLAIN, user_id, pathway_id)
    if not rows or (not shows_hidden and absence(rows[0], "pathway")):
        raise PathwayNotFound
    return pathway_explanation(user_id, pathway_id, rows, shows_hidden=shows_hidden)


def pathway_explanation(
    user_id: UUID, pathway_id: str, rows: Sequence[Row], *, shows_hidden: bool
) -> Document:
    """The document from the rows of `explain_pathway`."""
    modules = [
        _module(list(own))
        for module_id, own in groupby(rows, key=lambda row: row["module_id"])
        if module_id is not None
    ]
    counting = [module for module in modules if module["counts"]]
    percentage, arithmetic = pathway_sum(counting)
    return {
        "user_id": user_id,
        "pathway_id": pathway_id,
        "pathway_title": rows[0]["pathway_title"],
        "progress_percentage": percentage,
        "stored_percentage": rows[0]["stored_percentage"],
        "arithmetic": arithmetic,
        "completed_modules": sum(module["approval_status"] == "approved" for module in counting),
        "total_modules": len(counting),
        "completed_at": rows[0]["pathway_completed_at"],
        "modules": modules if shows_hidden else list(_seen_by_learner(modules)),
    }


def _module(rows: list[Row]) -> Document:
    first = rows[0]
    absent = absence(first, "pathway") or absence(first, "module")
    resources = [_resource(row) for row in rows if row["resource_id"] is not None]
    counted = [resource for resource in resources if resource["counts"]]
    done = sum(resource["done"] for resource in counted)
    return {
        "module_id": first["module_id"],
        "module_title": first["module_title"],
        "counts": absent is None,
        "progress_percentage": first["module_percentage"],
        "counted_resources": len(counted),
        "done_resources": done,
        "arithmetic": module_sum(first, absent, len(counted), done),
        "approval_status": first["approval_status"],
        "approval": approval_sentence(first, len(counted), done),
        "review_comments": first["module_review_comments"],
        "resources": resources,
    }


def _resource(row: Row) -> Document:
    absent = absence(row, "pathway") or absence(row, "module") or absence(row, "resource")
    obstacle = absent or (None if row["is_required"] else "optional")
    done = row["status"] in DONE
    return {
        "resource_id": row["resource_id"],
        "resource_title": row["resource_title"],
        "type": row["type"],
        "state": resource_state(row),
        "progress_percentage": 100 if done else row["progress_percentage"] or 0,
        "counts": obstacle is None,
        "done": done,
        "obstacle": obstacle,
        "reason": resource_reason(row, obstacle, done=done),
    }


def _seen_by_learner(modules: Iterable[Document]) -> Iterable[Document]:
    """Drafts stay hidden; what the learner worked on before it went does not."""
    for module in modules:
        resources = [
            resource
            for resource in module["resources"]
            if resource["obstacle"] in (None, "optional") or resource["state"] != "not_started"
        ]
        if module["counts"] or resources:
            yield {**module, "resources": resources}
