"""Pictures of figures as inline SVG: where each bar stands. The numbers stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aibc.reviews.health import Waits

HEIGHT = 100.0


class Bars(NamedTuple):
    """The two bars of one week, in hundredths of the highest."""

    p50: float
    p90: float


def wait_bars(weeks: Sequence[Waits]) -> list[Bars]:
    """The bars of each week; a week without decisions has none."""
    highest = max((week.p90 or 0.0 for week in weeks), default=0.0)
    scale = HEIGHT / highest if highest else 0.0
    return [Bars(_tall(week.p50, scale), _tall(week.p90, scale)) for week in weeks]


def _tall(hours: float | None, scale: float) -> float:
    """What was waited at all shows, however little it was."""
    return 0.0 if hours is None else max(1.5, round(hours * scale, 1))
