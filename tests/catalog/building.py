"""Small catalogs for tests, and what the database holds of them."""

from __future__ import annotations

from typing import Any

from aibc.catalog.documents import PathwayDocument
from aibc.database.pool import Database

ANSWER = "the-answer-nobody-may-see"


def pathway(pathway_id: str, *modules: dict[str, Any], **changes: Any) -> PathwayDocument:
    return PathwayDocument.model_validate(
        {
            "id": pathway_id,
            "title": pathway_id.title(),
            "short_title": pathway_id[:10],
            "instructor": "Ada Example",
            "color": "from-sky-500 to-blue-600",
            "accent": "#1b78bb",
            "order_index": 1,
            "modules": list(modules),
        }
        | changes
    )


def module(module_id: str, *resources: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"id": module_id, "title": module_id.title(), "resources": list(resources)} | changes


def video(resource_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": resource_id,
        "type": "video",
        "title": resource_id.title(),
        "duration_minutes": 10,
    } | changes


def quiz(resource_id: str, **changes: Any) -> dict[str, Any]:
    question = {
        "id": "q1",
        "type": "multiple-choice",
        "question": "Which one?",
        "options": [
            {"id": "a", "text": "This", "isCorrect": True},
            {"id": "b", "text": "That", "isCorrect": False},
        ],
        "explanation": ANSWER,
    }
    return {
        "id": resource_id,
        "type": "quiz",
        "title": resource_id.title(),
        "metadata": {"title": "Check", "questions": [question]},
    } | changes


async def stored_rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All rows of the catalog without the times at which they were written."""
    pathways = await database.fetch("SELECT * FROM pathways ORDER BY id")
    modules = await database.fetch("SELECT * FROM modules ORDER BY id")
    resources = await database.fetch("SELECT * FROM resources ORDER BY id")
    tables = {"pathways": pathways, "modules": modules, "resources": resources}
    times = {"created_at", "updated_at"}
    return {
        name: [{key: value for key, value in row.items() if key not in times} for row in rows]
        for name, rows in tables.items()
    }


async def live_ids(database: Database, table: str) -> list[str]:
    """Ids of the rows that are not removed, in their order."""
    statements = {
        "modules": "SELECT id FROM modules WHERE removed_at IS NULL ORDER BY order_index, id",
        "resources": "SELECT id FROM resources WHERE removed_at IS NULL ORDER BY order_index, id",
    }
    return [row["id"] for row in await database.fetch(statements[table])]


async def version(database: Database) -> int:
    found: int = await database.fetch_value("SELECT version FROM catalog_state")
    return found
