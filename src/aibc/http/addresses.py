"""The address of whoever sent the request, as far as it can be trusted."""

from __future__ import annotations

from ipaddress import ip_address

from starlette.types import Scope

UNKNOWN_ADDRESS = "unknown"


def client_address(scope: Scope, trusted_proxy_hops: int) -> str:
    """The peer's address, or the one that the outermost trusted proxy saw.

    Each proxy appends the address it received from, so with N trusted proxies in front the N-th
    entry of X-Forwarded-For from the right is the client; everything left of it is hearsay.
    """
    peer = scope.get("client")
    peer_address = _canonical(str(peer[0])) if peer else UNKNOWN_ADDRESS
    if trusted_proxy_hops == 0:
        return peer_address
    forwarded = _forwarded(scope)
    if len(forwarded) < trusted_proxy_hops:
        return peer_address
    return _canonical(forwarded[-trusted_proxy_hops])


def is_loopback(scope: Scope, trusted_proxy_hops: int) -> bool:
    """Whether the request comes from this machine itself, not through a proxy on it."""
    if trusted_proxy_hops == 0 and _forwarded(scope):
        return False
    try:
        return ip_address(client_address(scope, trusted_proxy_hops)).is_loopback
    except ValueError:
        return False


def _forwarded(scope: Scope) -> list[str]:
    values = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    joined = b",".join(values).decode("latin-1")
    return [part.strip() for part in joined.split(",") if part.strip()]


def _canonical(address: str) -> str:
    """One spelling for each address; an IPv6 network of one subscriber (/64) counts as one."""
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return UNKNOWN_ADDRESS
    mapped = getattr(parsed, "ipv4_mapped", None)
    if mapped is not None:
        return str(mapped)
    if parsed.version == 6 and not parsed.is_loopback:
        return f"{':'.join(parsed.exploded.split(':')[:4])}::"
    return str(parsed)
