from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aibc.submissions.errors import LinkInvalid
from aibc.submissions.links import DownloadLink, DownloadLinks

LINKS = DownloadLinks("k" * 32)
SUBMISSION = UUID("0b7f3a52-9a50-4f0e-8a44-0d0c5c1f1a01")
USER = UUID("d3c1f1f4-3d1c-4f6e-9d5e-5a1b2c3d4e5f")
NOW = datetime(2026, 11, 22, 10, 0, 0, 250_000, tzinfo=UTC)
LINK = LINKS.sign(SUBMISSION, USER, now=NOW)
SEGMENT, QUERY = LINK.path.removeprefix("/files/").split("?")


def open_link(segment: str, query: str, now: datetime = NOW) -> DownloadLink:
    link = LINKS.verify_signature(segment, query)
    link.require_alive(now)
    return link


def test_a_link_opens_what_it_was_made_for() -> None:
    assert open_link(SEGMENT, QUERY) == LINK
    assert (LINK.submission_id, LINK.user_id) == (SUBMISSION, USER)


def test_a_link_lives_for_an_hour_counted_in_whole_seconds() -> None:
    assert LINK.expires_at == datetime(2026, 11, 22, 11, 0, 0, tzinfo=UTC)
    assert open_link(SEGMENT, QUERY, NOW + timedelta(seconds=3599)) == LINK
    with pytest.raises(LinkInvalid):
        open_link(SEGMENT, QUERY, NOW + timedelta(seconds=3600))


def test_a_link_is_refused_by_a_clock_it_cannot_come_from() -> None:
    with pytest.raises(LinkInvalid):
        open_link(SEGMENT, QUERY, NOW - timedelta(seconds=2))


@pytest.mark.parametrize("seconds", [0, -1, 3601, 86_400])
def test_no_link_is_made_for_no_time_or_more_than_an_hour(seconds: int) -> None:
    with pytest.raises(ValueError, match="3,600"):
        LINKS.sign(SUBMISSION, USER, now=NOW, lifetime=timedelta(seconds=seconds))


def test_a_shorter_life_is_kept() -> None:
    link = LINKS.sign(SUBMISSION, USER, now=NOW, lifetime=timedelta(seconds=60))
    assert link.expires_at == datetime(2026, 11, 22, 10, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("position", range(len(SEGMENT) + 1 + len(QUERY)))
def test_one_altered_character_anywhere_is_refused(position: int) -> None:
    path = f"{SEGMENT}?{QUERY}"
    for replacement in "0aZ?&=-":
        altered = path[:position] + replacement + path[position + 1 :]
        segment, _, query = altered.partition("?")
        if altered != path:
            with pytest.raises(LinkInvalid):
                open_link(segment, query)


@pytest.mark.parametrize(
    "query",
    [
        "",
        QUERY + "&inline=1",
        "inline=1&" + QUERY,
        QUERY + "&" + QUERY,
        QUERY + " ",
        QUERY + "\n",
        QUERY.upper(),
        QUERY.replace("expires=", "expires=0"),
        QUERY.replace("user=", "user=%64").replace("%64d", "%64"),
        QUERY.rpartition("&")[0],
        "&".join(reversed(QUERY.split("&"))),
        QUERY.replace("expires=1", "expires=٢"),
        f"user={USER}&expires=99999999999&signature=" + "0" * 64,
    ],
)
def test_another_spelling_of_the_query_is_another_link(query: str) -> None:
    with pytest.raises(LinkInvalid):
        open_link(SEGMENT, query)


@pytest.mark.parametrize(
    "segment",
    [
        "",
        SEGMENT.upper(),
        SEGMENT.replace("-", ""),
        "{" + SEGMENT + "}",
        "urn:uuid:" + SEGMENT,
        str(USER),
        SEGMENT + "/",
        "\ud800" * 36,
    ],
)
def test_another_spelling_of_the_path_is_another_link(segment: str) -> None:
    with pytest.raises(LinkInvalid):
        open_link(segment, QUERY)


def test_a_signature_does_not_fit_another_submission_or_user() -> None:
    other = LINKS.sign(USER, SUBMISSION, now=NOW)
    with pytest.raises(LinkInvalid):
        open_link(SEGMENT, other.path.partition("?")[2])


def test_a_link_of_another_secret_is_refused() -> None:
    path = DownloadLinks("q" * 32).sign(SUBMISSION, USER, now=NOW).path
    with pytest.raises(LinkInvalid):
        open_link(SEGMENT, path.partition("?")[2])


@given(some.text(), some.text())
def test_no_text_breaks_the_check(segment: str, query: str) -> None:
    with pytest.raises(LinkInvalid):
        LINKS.verify_signature(segment, query)


@given(some.uuids(), some.uuids())
def test_every_link_made_can_be_opened(submission: UUID, user: UUID) -> None:
    link = LINKS.sign(submission, user, now=NOW)
    segment, _, query = link.path.removeprefix("/files/").partition("?")
    assert open_link(segment, query).user_id == user
