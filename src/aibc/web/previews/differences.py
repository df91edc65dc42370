"""The shortest way from one sequence to another (E. W. Myers, 1986), given up when it gets long.

Steps are counted, so the time it takes has a bound that no file can move.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """`earlier[start:end]` became `later[start:end]`; where `same`, they are equal."""

    same: bool
    earlier: tuple[int, int]
    later: tuple[int, int]


def differences(
    earlier: Sequence[Hashable], later: Sequence[Hashable], *, max_changes: int, max_steps: int
) -> list[Run] | None:
    """The runs from beginning to end, equal and changed in turn.

    None where more than `max_changes` elements differ, or finding out took `max_steps`.
    """
    start = _common(earlier, later)
    ends = _common(earlier[start:][::-1], later[start:][::-1])
    inner_earlier = earlier[start : len(earlier) - ends]
    inner_later = later[start : len(later) - ends]
    pairs = _matches(inner_earlier, inner_later, max_changes, max_steps)
    if pairs is None:
        return None
    matches = [(x, x) for x in range(start)]
    matches += [(start + x, start + y) for x, y in pairs]
    matches += [(len(earlier) - left, len(later) - left) for left in range(ends, 0, -1)]
    return _runs(matches, len(earlier), len(later))


def _common(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


def _matches(
    earlier: Sequence[Hashable], later: Sequence[Hashable], max_changes: int, max_steps: int
) -> list[tuple[int, int]] | None:
    """Which elements correspond.

    After n changes `rows[n]` says how far `earlier` was read on each diagonal k = x - y, from -n
    to n in steps of two.
    """
    rows: list[list[int]] = []
    steps = 0
    for changes in range(min(max_changes, len(earlier) + len(later)) + 1):
        row: list[int] = []
        for k in range(-changes, changes + 1, 2):
            x = first = _start(rows, changes, k)[0]
            while x < len(earlier) and x - k < len(later) and earlier[x] == later[x - k]:
                x += 1
            row.append(x)
            steps += 1 + x - first
            if x >= len(earlier) and x - k >= len(later):
                return _traced(rows, changes, x, x - k)
        rows.append(row)
        if steps > max_steps:
            return None
    return None


def _start(rows: list[list[int]], changes: int, k: int) -> tuple[int, bool]:
    """Where one more change leads on diagonal k, and whether by an added element."""
    if not changes:
        return 0, False
    before, index = rows[changes - 1], (k + changes) // 2
    if k == -changes or (k != changes and before[index - 1] < before[index]):
        return before[index], True
    return before[index - 1] + 1, False


def _traced(rows: list[list[int]], changes: int, x: int, y: int) -> list[tuple[int, int]]:
    """The corresponding elements along the way, found by going it backwards."""
    pairs = []
    for left in range(changes, -1, -1):
        start, added = _start(rows, left, x - y)
        while x > start:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        if left:
            x, y = (x, y - 1) if added else (x - 1, y)
    return pairs[::-1]


def _runs(matches: list[tuple[int, int]], earlier: int, later: int) -> list[Run]:
    runs: list[Run] = []
    x = y = 0
    for place in [*matches, (earlier, later)]:
        if place != (x, y):
            runs.append(Run(False, (x, place[0]), (y, place[1])))
        if place == (earlier, later):
            break
        x, y = place[0] + 1, place[1] + 1
        if runs and runs[-1].same and (runs[-1].earlier[1], runs[-1].later[1]) == place:
            last = runs.pop()
            runs.append(Run(True, (last.earlier[0], x), (last.later[0], y)))
        else:
            runs.append(Run(True, (place[0], x), (place[1], y)))
    return runs
