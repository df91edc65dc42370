"""The shortest difference: that it is right, that it is shortest, and that it ends."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibc.web.previews.differences import Run, differences

SEQUENCES = st.lists(st.sampled_from("abc"), max_size=12)


def all_differences(earlier: list[str], later: list[str]) -> list[Run]:
    runs = differences(earlier, later, max_changes=100, max_steps=100_000)
    assert runs is not None
    return runs


def fewest_changes(earlier: list[str], later: list[str]) -> int:
    @cache
    def common(x: int, y: int) -> int:
        if x == len(earlier) or y == len(later):
            return 0
        if earlier[x] == later[y]:
            return 1 + common(x + 1, y + 1)
        return max(common(x + 1, y), common(x, y + 1))

    return len(earlier) + len(later) - 2 * common(0, 0)


@given(SEQUENCES, SEQUENCES)
def test_the_runs_cover_both_sides_in_as_few_changes_as_there_can_be(
    earlier: list[str], later: list[str]
) -> None:
    x = y = changed = 0
    previous = None
    for run in all_differences(earlier, later):
        assert (run.earlier[0], run.later[0]) == (x, y)
        assert run.same is not previous
        (x, y), previous = (run.earlier[1], run.later[1]), run.same
        if run.same:
            assert earlier[slice(*run.earlier)] == later[slice(*run.later)] != []
        else:
            changed += x - run.earlier[0] + y - run.later[0]
    assert (x, y) == (len(earlier), len(later))
    assert changed == fewest_changes(earlier, later)


@pytest.mark.parametrize(("max_changes", "found"), [(3, False), (4, True)])
def test_it_gives_up_beyond_as_many_changes_as_allowed(max_changes: int, found: bool) -> None:
    runs = differences("axbxc", "aybyc", max_changes=max_changes, max_steps=1_000)
    assert (runs is not None) is found


def test_it_gives_up_beyond_as_many_steps_as_allowed() -> None:
    one, other = "abc" * 50, "cba" * 50
    assert differences(one, other, max_changes=1_000, max_steps=100) is None
    assert differences(one, other, max_changes=1_000, max_steps=100_000) is not None
