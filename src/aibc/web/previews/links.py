"""Addresses of previews: signed, bound to the files and their viewer, and over after 15 minutes.

The address is the only credential: the frame it opens has no origin and so no cookies to count on.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from aibc.settings import Settings
from aibc.submissions.errors import LinkInvalid

LIFETIME = timedelta(minutes=15)

_ID_BYTES = 16
_EXPIRY_BYTES = 5
_SIGNATURE_BYTES = 32
# Keeps these signatures apart from any other use of the same secret.
_PURPOSE = b"aibc preview link 1\n"


@dataclass(frozen=True)
class PreviewLink:
    """One viewer may look at one file, or at how the second differs from the first."""

    viewer_id: UUID
    submission_ids: tuple[UUID, ...]
    expires_at: datetime

    def require_alive(self, now: datetime) -> None:
        """Raise LinkInvalid unless `now`, by the clock the link was made by, is within its life."""
        if not timedelta(0) < self.expires_at - now <= LIFETIME:
            raise LinkInvalid


def preview_url(settings: Settings, submission_id: UUID, viewer_id: UUID, *, now: datetime) -> str:
    """The address, on this service, of the frame that shows one file.

    Call it once the viewer may see the file; `now` is the database's clock.
    """
    return _url(settings, PreviewLink(viewer_id, (submission_id,), now + LIFETIME))


def comparison_url(
    settings: Settings, earlier_id: UUID, later_id: UUID, viewer_id: UUID, *, now: datetime
) -> str:
    """The address of the frame that shows what changed between two attempts at one resource."""
    return _url(settings, PreviewLink(viewer_id, (earlier_id, later_id), now + LIFETIME))


def verify_token(settings: Settings, token: str) -> PreviewLink:
    """The link behind a token that we signed. Raises LinkInvalid; whether it lives is not asked."""
    try:
        packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        expires, ids = packed[:_EXPIRY_BYTES], packed[_EXPIRY_BYTES:-_SIGNATURE_BYTES]
        viewer, *submissions = (
            UUID(bytes=ids[start : start + _ID_BYTES]) for start in range(0, len(ids), _ID_BYTES)
        )
        ends = datetime.fromtimestamp(int.from_bytes(expires, "big"), UTC)
    except (binascii.Error, ValueError, OverflowError):
        raise LinkInvalid from None
    link = PreviewLink(viewer, tuple(submissions), ends)
    # Compared as it came: a token spelled otherwise is another one.
    if not hmac.compare_digest(_url(settings, link).encode(), f"/preview/{token}".encode()):
        raise LinkInvalid
    return link


def _url(settings: Settings, link: PreviewLink) -> str:
    expires = int(link.expires_at.timestamp()).to_bytes(_EXPIRY_BYTES, "big")
    fields = expires + b"".join(one.bytes for one in (link.viewer_id, *link.submission_ids))
    key = settings.storage.link_secret.encode()
    signature = hmac.digest(key, _PURPOSE + fields, hashlib.sha256)
    token = base64.urlsafe_b64encode(fields + signature).decode().rstrip("=")
    return f"/preview/{token}"
