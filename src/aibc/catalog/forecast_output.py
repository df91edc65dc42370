"""How a forecast is shown: a table for a person, a document for a program."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from rich.table import Table

from aibc.catalog.forecast import Forecast, Move
from aibc.catalog.importer import ImportSummary

# A distribution longer than this tells a person nothing; the document holds all of it.
MOST_MOVES = 12
WORDS = {
    "progress_percentage": "percentage",
    "completed_modules": "approved modules",
    "first_completed": "completed",
    "approval_status": "approval",
}


def summary_document(summary: ImportSummary, *, dry_run: bool) -> dict[str, Any]:
    """What happens to the catalog: the ids by outcome."""
    return {
        "dry_run": dry_run,
        "pathways": summary.pathways,
        "modules": summary.modules,
        "resources": summary.resources,
    }


def forecast_document(forecast: Forecast) -> dict[str, Any]:
    """The whole forecast, each move with its number of learners."""
    return summary_document(forecast.summary, dry_run=True) | {
        "learners_recounted": forecast.learners_recounted,
        "learners_affected": forecast.learners_affected,
        "approvals_gained": forecast.approvals_gained,
        "approvals_lost": forecast.approvals_lost,
        "moves": [
            {**vars(move), "learners": learners}
            for move, learners in sorted(forecast.moves.items(), key=_order)
        ],
    }


def forecast_table(forecast: Forecast) -> Table:
    """A row per figure of a pathway or module, with how many learners go from what to what."""
    table = Table("Pathway, module", "Figure", "From → to: learners")
    figures: dict[tuple[str, str, str], Counter[Move]] = defaultdict(Counter)
    for move, learners in sorted(forecast.moves.items(), key=_order):
        figures[move.pathway_id, move.module_id or "", move.figure][move] = learners
    for (pathway_id, module_id, figure), moves in figures.items():
        place = f"{pathway_id}, {module_id}" if module_id else pathway_id
        table.add_row(place, WORDS[figure], _distribution(moves))
    return table


def forecast_sentence(forecast: Forecast) -> str:
    """Everything in one sentence."""
    if not forecast.moves:
        return "No learner's figures move."
    return (
        f"Figures move for {_learners(forecast.learners_affected)} of "
        f"{forecast.learners_recounted:,} recounted; approvals gained: "
        f"{forecast.approvals_gained:,}, lost: {forecast.approvals_lost:,}."
    )


def _order(item: tuple[Move, int]) -> tuple[Any, ...]:
    move, learners = item
    place = (move.pathway_id, move.module_id or "", list(WORDS).index(move.figure))
    return (*place, -learners, str(move.before), str(move.after))


def _distribution(moves: Counter[Move]) -> str:
    lines = [
        f"{_value(move, move.before)} → {_value(move, move.after)}: {_learners(count)}"
        for move, count in moves.most_common(MOST_MOVES)
    ]
    rest = moves.most_common()[MOST_MOVES:]
    if rest:
        others = _learners(sum(count for _, count in rest))
        lines.append(f"… {len(rest)} other moves: {others}")
    return "\n".join(lines)


def _learners(count: int) -> str:
    return f"{count:,} learner" + "s" * (count != 1)


def _value(move: Move, value: Any) -> str:
    match move.figure:
        case "progress_percentage":
            return f"{value} %"
        case "first_completed":
            return "yes" if value else "no"
        case "approval_status":
            return value or "not handed in"
        case _:
            return str(value)
