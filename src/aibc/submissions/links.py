"""Download links of our own, for stores that have no web address: signed, bound and short-lived.

A link names a submission, the user it was made for and the second it ends; all three are in the
signature, together with the method. Nothing in it chooses the type or the name of the download:
those come from the database, so that altering the link cannot change them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from aibc.submissions.errors import LinkInvalid

MAX_LIFETIME = timedelta(seconds=3600)
_QUERY = re.compile(r"user=([0-9a-f-]{36})&expires=([0-9]{1,11})&signature=[0-9a-f]{64}")


@dataclass(frozen=True)
class DownloadLink:
    """One user may get one submission's file until `expires_at`, by the local `path`."""

    submission_id: UUID
    user_id: UUID
    expires_at: datetime
    path: str

    def require_alive(self, now: datetime) -> None:
        """Raise LinkInvalid unless `now`, by the clock `sign` was given, is within its life."""
        if not timedelta(0) < self.expires_at - now <= MAX_LIFETIME:
            raise LinkInvalid


class DownloadLinks:
    """Makes and verifies links with one secret, which signs nothing else."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def sign(
        self,
        submission_id: UUID,
        user_id: UUID,
        *,
        now: datetime,
        lifetime: timedelta = MAX_LIFETIME,
    ) -> DownloadLink:
        """Make a link that ends, in whole seconds, `lifetime` after `now`.

        Raises ValueError for a lifetime that is not above zero or above 3,600 s.
        """
        if not timedelta(0) < lifetime <= MAX_LIFETIME:
            raise ValueError("a download link lives for up to 3,600 seconds")
        return self._link(submission_id, user_id, int((now + lifetime).timestamp()))

    def verify_signature(self, submission_id: str, query: str) -> DownloadLink:
        """Return the link of a GET or HEAD request if it is one of ours, or raise LinkInvalid.

        `submission_id` is the segment of the path and `query` the raw query string, both as
        received: a parameter added, repeated or spelled otherwise makes another link. Whether it
        still lives is for `require_alive` to say.
        """
        fields = _QUERY.fullmatch(query)
        try:
            if fields is None:
                raise LinkInvalid
            link = self._link(UUID(submission_id), UUID(fields[1]), int(fields[2]))
        except (ValueError, OverflowError):
            raise LinkInvalid from None
        received = f"/files/{submission_id}?{query}"
        if not hmac.compare_digest(link.path.encode(), received.encode()):
            raise LinkInvalid
        return link

    def _link(self, submission_id: UUID, user_id: UUID, expires: int) -> DownloadLink:
        path, fields = f"/files/{submission_id}", f"user={user_id}&expires={expires}"
        # The first line keeps these signatures apart from any other use of the same secret.
        message = f"aibc download link 1\nGET\n{path}\n{fields}"
        signature = hmac.new(self._key, message.encode(), hashlib.sha256).hexdigest()
        return DownloadLink(
            submission_id,
            user_id,
            datetime.fromtimestamp(expires, UTC),
            f"{path}?{fields}&signature={signature}",
        )
