"""Signed URLs of Google Cloud Storage, version 4: whoever holds one may send that one request.

Method, path, every query parameter, every header named and the moment of expiry are covered by
the signature; nothing can be added or altered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

ALGORITHM = "GOOG4-RSA-SHA256"
LONGEST_LIFETIME = timedelta(days=7)


@dataclass(frozen=True)
class UrlToSign:
    """A request to be allowed; `bytes_to_sign` go to the account's key, `url` takes the result.

    `endpoint` is `https://host`, `path` begins with `/` and is not encoded yet, `moment` is aware.
    Whoever sends the request has to send `headers` as they are.
    """

    method: str
    endpoint: str
    path: str
    account: str
    moment: datetime
    lifetime: timedelta
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not timedelta(0) < self.lifetime <= LONGEST_LIFETIME:
            raise ValueError("a signed URL lives for up to seven days")

    @property
    def bytes_to_sign(self) -> bytes:
        digest = hashlib.sha256(self._canonical_request.encode("ascii")).hexdigest()
        return "\n".join([ALGORITHM, self._timestamp, self._scope, digest]).encode("ascii")

    def url(self, signature: bytes) -> str:
        """The URL, given the account's RSA-SHA256 signature of `bytes_to_sign`."""
        query = f"{self._canonical_query}&X-Goog-Signature={signature.hex()}"
        return f"{self.endpoint}{self._canonical_path}?{query}"

    @property
    def _timestamp(self) -> str:
        return self.moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")

    @property
    def _scope(self) -> str:
        return f"{self._timestamp[:8]}/auto/storage/goog4_request"

    @property
    def _canonical_headers(self) -> dict[str, str]:
        sent = {**self.headers, "host": urlsplit(self.endpoint).netloc}
        # Runs of white space count as one blank, and none at the ends.
        spelled = {name.lower(): " ".join(value.split()) for name, value in sent.items()}
        return dict(sorted(spelled.items()))

    @property
    def _canonical_path(self) -> str:
        return quote(self.path, safe="/~")

    @property
    def _canonical_query(self) -> str:
        parameters = {
            **self.query,
            "X-Goog-Algorithm": ALGORITHM,
            "X-Goog-Credential": f"{self.account}/{self._scope}",
            "X-Goog-Date": self._timestamp,
            "X-Goog-Expires": str(int(self.lifetime.total_seconds())),
            "X-Goog-SignedHeaders": ";".join(self._canonical_headers),
        }
        encoded = [f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in parameters.items()]
        return "&".join(sorted(encoded))

    @property
    def _canonical_request(self) -> str:
        headers = self._canonical_headers
        return "\n".join(
            [
                self.method,
                self._canonical_path,
                self._canonical_query,
                *(f"{name}:{value}" for name, value in headers.items()),
                "",
                ";".join(headers),
                # Who gets the URL sends the body; its size is bound by a header instead.
                "UNSIGNED-PAYLOAD",
            ]
        )
