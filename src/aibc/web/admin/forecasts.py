"""A stored forecast in the words of the pages: what changes, and whose figures move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from aibc.catalog.forecast_output import MOST_MOVES, WORDS

OUTCOME_WORDS = {
    "added": "New",
    "changed": "Changed",
    "moved": "Moved",
    "returned": "Back again",
    "removed": "Removed",
}
KINDS = ("pathways", "modules", "resources")


class Change(NamedTuple):
    """Things of one kind that one thing happens to."""

    outcome: str
    kind: str
    ids: list[str]


class Figure(NamedTuple):
    """One figure of one place, and how many learners go from what to what."""

    place: str
    name: str
    moves: list[tuple[str, str, int]]
    others: int


def changes_of(forecast: Mapping[str, Any]) -> list[Change]:
    """What the import would change in the catalog; empty when nothing."""
    return [
        Change(outcome, kind, forecast[kind][outcome])
        for kind in KINDS
        for outcome in OUTCOME_WORDS
        if forecast[kind].get(outcome)
    ]


def figures_of(forecast: Mapping[str, Any]) -> list[Figure]:
    """The figures that would move; of each, the moves that concern most learners."""
    return list(_figures(forecast["moves"]))


def _figures(moves: list[dict[str, Any]]) -> Iterator[Figure]:
    for (pathway, module, figure), found in groupby(moves, key=_place):
        inside = sorted(found, key=lambda move: -move["learners"])
        yield Figure(
            f"{pathway}, {module}" if module else pathway,
            WORDS[figure],
            [
                (_value(figure, move["before"]), _value(figure, move["after"]), move["learners"])
                for move in inside[:MOST_MOVES]
            ],
            sum(move["learners"] for move in inside[MOST_MOVES:]),
        )


def _place(move: Mapping[str, Any]) -> tuple[str, str, str]:
    return move["pathway_id"], move["module_id"] or "", move["figure"]


def _value(figure: str, value: Any) -> str:
    match figure:
        case "progress_percentage":
            return f"{value} %"
        case "first_completed":
            return "completed" if value else "not completed"
        case "approval_status":
            return value or "not handed in"
        case _:
            return str(value)
