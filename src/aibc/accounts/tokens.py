"""Access, refresh and page tokens: signed claims, one algorithm, each kind for one use.

A token names a person and a session, never a role: role and account state are read from the
database with every request.
"""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid4

import jwt

from aibc.http.errors import InvalidToken, SignInRequired
from aibc.settings import TokenSettings

ALGORITHM = "HS256"
ISSUER = "aibc"
REQUIRED_CLAIMS = ["iss", "aud", "typ", "sub", "sid", "jti", "iat", "exp"]
LEEWAY_SECONDS = 10  # between the clocks of two machines that serve the same people
CACHED_TOKENS = 20_000

Kind = Literal["access", "refresh", "page"]


class Claims(NamedTuple):
    """What a token that is genuine and in force says."""

    user_id: UUID
    session_id: UUID
    expires_at: float


@dataclass(frozen=True)
class TokenPair:
    access_token: str
    refresh_token: str


class Tokens:
    """Signs and verifies. Genuine access tokens are remembered by their hash until they expire."""

    def __init__(self, settings: TokenSettings) -> None:
        self._secrets: dict[Kind, str] = {
            "access": settings.access_secret,
            "refresh": settings.refresh_secret,
            "page": settings.access_secret,
        }
        self.access_lifetime = timedelta(minutes=settings.access_minutes)
        self.refresh_lifetime = timedelta(days=settings.refresh_days)
        self._genuine: OrderedDict[bytes, Claims] = OrderedDict()

    def issue(self, user_id: UUID, session_id: UUID) -> TokenPair:
        """A fresh pair for one session."""
        return TokenPair(
            self._sign("access", user_id, session_id, self.access_lifetime),
            self._sign("refresh", user_id, session_id, self.refresh_lifetime),
        )

    def identify(self, authorization: str | None) -> Claims:
        """The claims of an `Authorization: Bearer …` header."""
        if not authorization:
            raise SignInRequired
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise SignInRequired
        return self.verify_access(token.strip())

    def verify_access(self, token: str) -> Claims:
        """The claims of an access token. Raises InvalidToken."""
        key = token_hash(token)
        claims = self._genuine.get(key)
        if claims is None:
            claims = self._verify("access", token)
            self._remember(key, claims)
        if claims.expires_at + LEEWAY_SECONDS <= time.time():
            self._genuine.pop(key, None)
            raise InvalidToken
        return claims

    def issue_page(self, user_id: UUID, session_id: UUID) -> str:
        """The token for the cookie of a session of the web pages."""
        return self._sign("page", user_id, session_id, self.refresh_lifetime)

    def verify_page(self, token: str) -> Claims:
        """The claims of a page's cookie. Raises InvalidToken."""
        return self._verify("page", token)

    def form_token(self, binding: str) -> str:
        """What a form carries to show that a page of ours, for this session or visit, made it."""
        message = f"form:{binding}".encode("utf-8", "surrogatepass")
        return hmac.new(self._secrets["page"].encode(), message, sha256).hexdigest()

    def verify_refresh(self, token: str) -> Claims:
        """The claims of a refresh token. Raises InvalidToken."""
        return self._verify("refresh", token)

    def _remember(self, key: bytes, claims: Claims) -> None:
        self._genuine[key] = claims
        if len(self._genuine) > CACHED_TOKENS:
            self._genuine.popitem(last=False)

    def _sign(self, kind: Kind, user_id: UUID, session_id: UUID, lifetime: timedelta) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": _audience(kind),
            "typ": kind,
            "sub": str(user_id),
            "sid": str(session_id),
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + int(lifetime.total_seconds()),
        }
        return jwt.encode(claims, self._secrets[kind], algorithm=ALGORITHM)

    def _verify(self, kind: Kind, token: str) -> Claims:
        try:
            claims = jwt.decode(
                token,
                self._secrets[kind],
                algorithms=[ALGORITHM],
                audience=_audience(kind),
                issuer=ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": REQUIRED_CLAIMS, "strict_aud": True},
            )
            return _claims(kind, claims)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            raise InvalidToken from error


def token_hash(token: str) -> bytes:
    """How a token is kept: whoever reads the database cannot sign in with what stands there."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _claims(kind: Kind, claims: dict[str, Any]) -> Claims:
    if claims["typ"] != kind:
        raise ValueError("a token of another kind")
    return Claims(UUID(claims["sub"]), UUID(claims["sid"]), float(claims["exp"]))


def _audience(kind: Kind) -> str:
    return f"aibc-{kind}"
