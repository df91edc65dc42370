"""How pages write times, sizes and names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aibc.web import formats


@pytest.mark.parametrize(
    ("size", "words"),
    [(1, "1 byte"), (1023, "1023 bytes"), (1536, "1.5 KB"), (25 * 1024**2, "25 MB")],
)
def test_a_size_is_in_the_largest_unit_that_leaves_at_least_one(size: int, words: str) -> None:
    assert formats.file_size(size) == words


def test_a_time_says_its_zone_and_carries_a_machine_readable_form() -> None:
    written = formats.moment(datetime(2026, 11, 4, 9, 5, tzinfo=UTC))
    assert written == '<time datetime="2026-11-04T09:05:00Z">4 Nov 2026, 09:05 UTC</time>'
    assert formats.moment("2026-11-04T09:05:00Z") == written
    assert formats.moment(None) == ""


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "0 min"), (59, "59 min"), (60, "1 h"), (135, "2 h 15 min")]
)
def test_minutes_are_hours_from_sixty_on(minutes: int, words: str) -> None:
    assert formats.duration(minutes) == words


@pytest.mark.parametrize(
    ("hours", "words"), [(0.0, "1 min"), (0.5, "30 min"), (5.4, "5 h"), (72.0, "3 days")]
)
def test_a_wait_is_in_the_unit_a_person_would_choose(hours: float, words: str) -> None:
    assert formats.waiting(hours) == words


def test_text_of_people_keeps_its_lines_and_loses_its_markup() -> None:
    assert formats.paragraphs("a <b>\nc\r\n\r\nd") == "<p>a &lt;b&gt;<br>c</p><p>d</p>"


@pytest.mark.parametrize(("name", "letters"), [("Ada Lovelace", "AL"), ("ada", "A"), ("", "?")])
def test_a_person_has_initials(name: str, letters: str) -> None:
    assert formats.initials(name) == letters
