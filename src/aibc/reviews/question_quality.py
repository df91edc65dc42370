"""Which question is bad, and why: judged by what learners chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Below this many attempts chance alone makes questions look bad.
ENOUGH_ATTEMPTS = 10
TOO_HARD = 0.2
WEAK_DISCRIMINATION = 0.1
# Where nearly everybody is right there is nobody left to tell apart.
EASY = 0.9


def facility(question: Mapping[str, Any]) -> float | None:
    """The share of attempts that answered right, 0-1."""
    return round(question["correct"] / question["asked"], 3) if question["asked"] else None


def reasons(question: Mapping[str, Any]) -> list[str]:
    """A sentence for each sign that the question, or its key, is bad; empty when there is none.

    `question` holds asked, correct, discrimination, type and options as the statistics do.
    """
    return list(_reasons(question)) if question["asked"] >= ENOUGH_ATTEMPTS else []


def _reasons(question: Mapping[str, Any]) -> Iterator[str]:
    share = question["correct"] / question["asked"]
    discrimination = question["discrimination"]
    if discrimination is not None and discrimination < 0:
        yield (
            "Learners who do well in the other questions get this one wrong more often: "
            "check its key."
        )
    favourite = _favourite_wrong_option(question)
    if favourite is not None:
        yield f"More learners chose “{favourite}” than the right answer: check key and wording."
    if share < TOO_HARD:
        yield f"Only {question['correct']} of {question['asked']} attempts answered it right."
    if discrimination is not None and 0 <= discrimination < WEAK_DISCRIMINATION and share < EASY:
        yield "It hardly tells learners who know the subject from those who do not."


def _favourite_wrong_option(question: Mapping[str, Any]) -> str | None:
    """The text of a wrong option chosen more often than the right one; of one right option only."""
    if question["type"] == "multiple-select" or not question["options"]:
        return None
    favourite = max(question["options"], key=lambda option: option["chosen"])
    if favourite["is_correct"] or favourite["chosen"] <= question["correct"]:
        return None
    return str(favourite["text"])
