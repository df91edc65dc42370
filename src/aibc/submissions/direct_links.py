"""Upload links of our own, for stores without a web address: signed, bound and short-lived.

A link names an upload, its exact size, its type and the second it ends, and allows one PUT.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote
from uuid import UUID

from aibc.submissions.errors import LinkInvalid

_QUERY = re.compile(
    r"size=([0-9]{1,12})&type=([A-Za-z0-9.%_-]{1,300})&expires=([0-9]{1,11})"
    r"&signature=[0-9a-f]{64}"
)


@dataclass(frozen=True)
class UploadLink:
    """`path` takes `size` bytes of `media_type` for the upload, until `expires_at`."""

    upload_id: UUID
    size: int
    media_type: str
    expires_at: datetime
    path: str


class UploadLinks:
    """Makes and verifies links with the secret of download links, under another heading."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def sign(
        self, upload_id: UUID, *, size: int, media_type: str, expires_at: datetime
    ) -> UploadLink:
        """Make the link; it ends with the whole second of `expires_at`."""
        seconds = int(expires_at.timestamp())
        path = f"/files/uploads/{upload_id}"
        fields = f"size={size}&type={quote(media_type, safe='')}&expires={seconds}"
        message = f"aibc upload link 1\nPUT\n{path}\n{fields}"
        signature = hmac.new(self._key, message.encode(), hashlib.sha256).hexdigest()
        return UploadLink(
            upload_id,
            size,
            media_type,
            datetime.fromtimestamp(seconds, UTC),
            f"{path}?{fields}&signature={signature}",
        )

    def verify_signature(self, upload_id: str, query: str) -> UploadLink:
        """Return the link of a PUT request if it is one of ours, or raise LinkInvalid.

        Path segment and query are taken as received. Whether it still lives, the caller asks.
        """
        fields = _QUERY.fullmatch(query)
        try:
            if fields is None:
                raise LinkInvalid
            link = self.sign(
                UUID(upload_id),
                size=int(fields[1]),
                media_type=unquote(fields[2]),
                expires_at=datetime.fromtimestamp(int(fields[3]), UTC),
            )
        except (ValueError, OverflowError):
            raise LinkInvalid from None
        received = f"/files/uploads/{upload_id}?{query}"
        if not hmac.compare_digest(link.path.encode(), received.encode()):
            raise LinkInvalid
        return link
