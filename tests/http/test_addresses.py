"""Whose address a request comes from."""

from __future__ import annotations

import pytest

from aibc.http.addresses import client_address, is_loopback

Headers = list[tuple[bytes, bytes]]


def scope(peer: str, *forwarded: str) -> dict[str, object]:
    headers: Headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"type": "http", "client": (peer, 40_000), "headers": headers}


def test_without_proxies_a_forwarded_address_is_hearsay() -> None:
    assert client_address(scope("192.0.2.1", "198.51.100.9"), 0) == "192.0.2.1"


@pytest.mark.parametrize(
    ("hops", "forwarded", "expected"),
    [
        (1, ("203.0.113.5",), "203.0.113.5"),
        (1, ("198.51.100.9, 203.0.113.5",), "203.0.113.5"),
        (1, ("198.51.100.9", "203.0.113.5"), "203.0.113.5"),
        (2, ("198.51.100.9, 203.0.113.5, 10.0.0.1",), "203.0.113.5"),
        (2, ("203.0.113.5",), "10.9.9.9"),
        (1, (), "10.9.9.9"),
        (1, ("not an address",), "unknown"),
    ],
)
def test_each_trusted_proxy_vouches_for_one_entry(
    hops: int, forwarded: tuple[str, ...], expected: str
) -> None:
    assert client_address(scope("10.9.9.9", *forwarded), hops) == expected


def test_one_subscriber_of_ipv6_counts_as_one_address() -> None:
    first = client_address(scope("2001:db8:1:2:aaaa::1"), 0)
    assert first == client_address(scope("2001:db8:1:2:bbbb::2"), 0)
    assert first != client_address(scope("2001:db8:1:3::1"), 0)


def test_an_ipv4_address_inside_ipv6_is_itself() -> None:
    assert client_address(scope("::ffff:192.0.2.1"), 0) == "192.0.2.1"


def test_only_this_machine_itself_is_loopback() -> None:
    assert is_loopback(scope("127.0.0.1"), 0)
    assert is_loopback(scope("::1"), 0)
    assert not is_loopback(scope("192.0.2.1"), 0)
    assert not is_loopback(scope("127.0.0.1", "192.0.2.1"), 0)
    assert not is_loopback(scope("127.0.0.1", "127.0.0.1"), 0)
    assert not is_loopback(scope("127.0.0.1", "192.0.2.1"), 1)
