"""Who sends a request, by token or by signature, and what they may."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from storage.fake_gcs.messages import Refusal, Request
from storage.fake_gcs.world import Account, World

LONGEST = 7 * 24 * 3600
EARLY = timedelta(minutes=15)
PUBLIC = ("storage.objects.get", "storage.objects.list")


def authorise(world: World, request: Request, permission: str) -> Account | None:
    """The account behind a request that holds `permission`; None: anybody, on a public bucket."""
    account = authenticate(world, request)
    if account is None:
        bucket = world.buckets.get(request.path.split("/")[1])
        if bucket and bucket.is_public and permission in PUBLIC:
            return None
        raise Refusal(401, "AccessDenied")
    if permission not in account.permissions:
        raise Refusal(403, "AccessDenied", f"{account.email} lacks {permission}")
    return account


def authenticate(world: World, request: Request) -> Account | None:
    if "X-Goog-Signature" in request.query:
        try:
            return _signer(world, request)
        except (KeyError, ValueError):
            raise Refusal(400, "InvalidQueryParameterValue") from None
    header = request.headers.get("authorization")
    if header is None:
        return None
    email, expires_at = world.tokens.get(header.removeprefix("Bearer "), ("", world.now()))
    if expires_at <= world.now():
        raise Refusal(401, "InvalidToken")
    return world.accounts[email]


def public_key(account: Account) -> RSAPublicKey:
    key = load_pem_private_key(account.private_key.encode(), None).public_key()
    assert isinstance(key, RSAPublicKey)
    return key


def _signer(world: World, request: Request) -> Account:
    query = request.query
    email, _, scope = query.get("X-Goog-Credential", "").partition("/")
    account = world.accounts.get(email)
    if account is None or query.get("X-Goog-Algorithm") != "GOOG4-RSA-SHA256":
        raise Refusal(403, "SignatureDoesNotMatch")
    signed_names = query["X-Goog-SignedHeaders"].split(";")
    _require_signed_headers(request, signed_names)
    text = "\n".join(
        [
            "GOOG4-RSA-SHA256",
            query["X-Goog-Date"],
            scope,
            hashlib.sha256(_canonical(request, signed_names).encode()).hexdigest(),
        ]
    )
    try:
        signature = bytes.fromhex(query["X-Goog-Signature"])
        public_key(account).verify(signature, text.encode(), PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        raise Refusal(403, "SignatureDoesNotMatch") from None
    _require_alive(world, query["X-Goog-Date"], int(query["X-Goog-Expires"]))
    return account


def _require_signed_headers(request: Request, signed_names: list[str]) -> None:
    extensions = {name for name in request.headers if name.startswith("x-goog-")}
    missing = set(signed_names) - set(request.headers)
    if "host" not in signed_names or missing or extensions - set(signed_names):
        raise Refusal(400, "MalformedSecurityHeader")


def _require_alive(world: World, date: str, lifetime: int) -> None:
    begin = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if lifetime > LONGEST or not begin - EARLY <= world.now() <= begin + timedelta(
        seconds=lifetime
    ):
        raise Refusal(400, "ExpiredToken")


def _canonical(request: Request, signed_names: list[str]) -> str:
    parameters = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in request.query_items
        if name != "X-Goog-Signature"
    )
    lines = [
        request.method,
        urlsplit(request.target).path,
        "&".join(f"{name}={value}" for name, value in parameters),
        *(f"{name}:{' '.join(request.headers[name].split())}" for name in sorted(signed_names)),
        "",
        ";".join(sorted(signed_names)),
        "UNSIGNED-PAYLOAD",
    ]
    return "\n".join(lines)
