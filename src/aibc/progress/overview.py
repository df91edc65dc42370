"""A learner across all pathways: figures, streak and achievements, from `read_overview`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from aibc.catalog.snapshot import CatalogSnapshot, Pathway, pathway_summary
from aibc.progress.documents import Document, Row, Shape, progress_document

RECENT_ACHIEVEMENTS = 5

_streak = Shape("current_streak", "longest_streak", "last_activity_date", "updated_at")
_medal = Shape("id", "name", "description", "icon", "category")


class Overview:
    """The documents that one read answers; pathways that are not live count nowhere."""

    def __init__(self, user_id: UUID, catalog: CatalogSnapshot, rows: Sequence[Row]) -> None:
        self._user_id = user_id
        self._pathways = catalog.pathways
        self._row = rows[0]
        by_pathway = {row["pathway_id"]: row for row in rows}
        self._touched = [by_pathway[one.id] for one in self._pathways if one.id in by_pathway]
        self._percentages = {row["pathway_id"]: row["progress_percentage"] for row in self._touched}

    def summary(self) -> Document:
        """The learner's totals, and their progress on each pathway they have touched."""
        totals = self._totals()
        return {
            "user_id": self._user_id,
            "total_pathways": len(self._pathways),
            "pathways_started": totals["pathways_started"],
            "pathways_completed": totals["pathways_completed"],
            "total_modules_completed": totals["modules_completed"],
            "total_time_spent_minutes": totals["total_time_spent_minutes"],
            "current_streak": totals["current_streak"],
            "longest_streak": totals["longest_streak"],
            "achievements_earned": len(self._earned()),
            "pathway_progress": [progress_document(row) for row in self._touched],
        }

    def dashboard(self) -> Document:
        """What a learner sees first."""
        return {
            "pathways": self.cards(),
            "summary": self._totals(),
            "recent_achievements": [
                {**_medal(one), "earned_at": one["earned_at"]}
                for one in self._earned()[:RECENT_ACHIEVEMENTS]
            ],
            "streak": self._short_streak(),
        }

    def everything(self) -> Document:
        """All of it in one answer. `streak` has the fields of the dashboard's too."""
        return {
            "dashboard": self.dashboard(),
            "summary": self.summary(),
            "pathways": self.cards(),
            "achievements": self.achievements(),
            "streak": {**self.streak(), **self._short_streak()},
        }

    def cards(self) -> list[Document]:
        """Every live pathway with the learner's percentage."""
        return [self._card(pathway) for pathway in self._pathways]

    def achievements(self) -> list[Any]:
        """All there are, and which of them the learner has earned."""
        return self._row["achievements"] or []

    def earned_achievements(self) -> list[Document]:
        """The earned ones, the newest first."""
        return [
            {"achievement": _medal(one), "earned_at": one["earned_at"]} for one in self._earned()
        ]

    def streak(self) -> Document:
        """Days in a row with activity."""
        return _streak(self._row)

    def _card(self, pathway: Pathway) -> Document:
        return {
            **pathway_summary(pathway),
            "shortTitle": pathway.short_title,
            "progress": self._percentages.get(pathway.id, 0),
        }

    def _totals(self) -> Document:
        return {
            "pathways_started": len(self._touched),
            "pathways_completed": sum(row["completed_at"] is not None for row in self._touched),
            "modules_completed": sum(row["completed_modules"] for row in self._touched),
            "total_time_spent_minutes": sum(
                row["total_time_spent_minutes"] for row in self._touched
            ),
            "current_streak": self._row["current_streak"],
            "longest_streak": self._row["longest_streak"],
        }

    def _short_streak(self) -> Document:
        return {
            "current": self._row["current_streak"],
            "longest": self._row["longest_streak"],
            "last_activity": self._row["last_activity_date"],
        }

    def _earned(self) -> list[Any]:
        earned = [one for one in self.achievements() if one["earned"]]
        return sorted(earned, key=lambda one: str(one["earned_at"]), reverse=True)
