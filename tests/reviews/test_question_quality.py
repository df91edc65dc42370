"""When a question is called bad, and what is said about it."""

from __future__ import annotations

from typing import Any

import pytest

from aibc.reviews.question_quality import ENOUGH_ATTEMPTS, facility, reasons


def figures(**more: Any) -> dict[str, Any]:
    """A good question of twenty attempts."""
    return {
        "type": "multiple-choice",
        "asked": 20,
        "correct": 12,
        "discrimination": 0.4,
        "options": [
            {"text": "Right", "is_correct": True, "chosen": 12},
            {"text": "Wrong", "is_correct": False, "chosen": 8},
        ],
        **more,
    }


def options(right: int, wrong: int) -> list[dict[str, Any]]:
    return [
        {"text": "Right", "is_correct": True, "chosen": right},
        {"text": "Wrong", "is_correct": False, "chosen": wrong},
    ]


def test_a_good_question_has_nothing_said_about_it() -> None:
    assert reasons(figures()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"discrimination": -0.01}, "check its key"),
        ({"discrimination": 0.09}, "hardly tells"),
        ({"correct": 8, "options": options(8, 12)}, "“Wrong”"),
        ({"correct": 3, "options": options(3, 3)}, "Only 3 of 20"),
    ],
)
def test_each_sign_has_its_own_sentence(change: dict[str, Any], words: str) -> None:
    (sentence,) = reasons(figures(**change))
    assert words in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "change",
    [
        {"discrimination": None},
        {"discrimination": 0.0, "correct": 18, "options": options(18, 2)},
        {"correct": 10, "options": options(10, 10)},
        {"correct": 4, "options": options(4, 4)},
        # In a multiple-select a wrong option may well be popular beside the right ones.
        {"type": "multiple-select", "correct": 8, "options": options(18, 19)},
        {"options": []},
    ],
)
def test_what_is_only_near_a_sign_is_no_sign(change: dict[str, Any]) -> None:
    assert reasons(figures(**change)) == []


def test_few_attempts_prove_nothing() -> None:
    few = figures(asked=ENOUGH_ATTEMPTS - 1, correct=0, discrimination=-1.0, options=options(0, 9))
    assert reasons(few) == []
    assert reasons(few | {"asked": ENOUGH_ATTEMPTS}) != []


def test_facility_is_the_share_that_is_right() -> None:
    assert facility(figures()) == 0.6
    assert facility(figures(asked=3, correct=1)) == 0.333
    assert facility(figures(asked=0, correct=0)) is None
