"""The address of a preview: what it is bound to, and that nothing of it can be changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from aibc.settings import Settings, load_settings
from aibc.submissions.errors import LinkInvalid
from aibc.submissions.links import DownloadLinks
from aibc.web.previews.links import LIFETIME, comparison_url, preview_url, verify_token

NOW = datetime(2026, 11, 24, 20, 0, 0, 500_000, UTC)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a service with a secret of its own."""
    return load_settings({"AIBC_DATA_DIR": str(tmp_path / "one")})


def token_of(url: str) -> str:
    assert url.startswith("/preview/")
    return url.removeprefix("/preview/")


def test_a_link_names_its_files_its_viewer_and_its_end(settings: Settings) -> None:
    viewer, earlier, later = uuid4(), uuid4(), uuid4()
    one = verify_token(settings, token_of(preview_url(settings, earlier, viewer, now=NOW)))
    assert (one.viewer_id, one.submission_ids) == (viewer, (earlier,))
    assert one.expires_at == NOW.replace(microsecond=0) + LIFETIME
    pair_url = comparison_url(settings, earlier, later, viewer, now=NOW)
    pair = verify_token(settings, token_of(pair_url))
    assert pair.submission_ids == (earlier, later)


def test_a_link_lives_for_fifteen_minutes(settings: Settings) -> None:
    link = verify_token(settings, token_of(preview_url(settings, uuid4(), uuid4(), now=NOW)))
    link.require_alive(NOW)
    link.require_alive(NOW + timedelta(minutes=14, seconds=59))
    for moment in (NOW + LIFETIME, NOW - timedelta(minutes=1)):
        with pytest.raises(LinkInvalid):
            link.require_alive(moment)


def test_no_letter_of_a_link_can_be_another(settings: Settings) -> None:
    token = token_of(preview_url(settings, uuid4(), uuid4(), now=NOW))
    for place, letter in enumerate(token):
        for other in LETTERS.replace(letter, ""):
            with pytest.raises(LinkInvalid):
                verify_token(settings, token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize("token", ["", "a", "=", "AAAA", "é", "A" * 71, "A" * 10_000, "%00", "//"])
def test_what_is_no_link_is_refused(settings: Settings, token: str) -> None:
    with pytest.raises(LinkInvalid):
        verify_token(settings, token)


def test_a_link_with_something_added_is_another(settings: Settings) -> None:
    token = token_of(preview_url(settings, uuid4(), uuid4(), now=NOW))
    for altered in (f"{token}=", f"{token}==", f" {token}", f"{token}\n", f"{token}AAAA"):
        with pytest.raises(LinkInvalid):
            verify_token(settings, altered)


def test_a_link_of_another_secret_or_for_another_purpose_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    other = load_settings({"AIBC_DATA_DIR": str(tmp_path / "other")})
    submission, viewer = uuid4(), uuid4()
    with pytest.raises(LinkInvalid):
        verify_token(settings, token_of(preview_url(other, submission, viewer, now=NOW)))
    download = DownloadLinks(settings.storage.link_secret).sign(submission, viewer, now=NOW)
    with pytest.raises(LinkInvalid):
        verify_token(settings, download.path.rpartition("=")[2])
