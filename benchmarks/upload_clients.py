"""Clients that hand in files: each a thread with a connection, one file after the other."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.hot_paths import OWN
from benchmarks.identities import resource_id
from benchmarks.world import World

MEBIBYTE = 1024 * 1024
PLACE = 51  # of the resource handed in: an exercise that nobody has reached yet
BOUNDARY = "benchmark-7f3a91c4e2"
_HEAD = (
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="file"; filename="work.png"\r\n'
    "Content-Type: image/png\r\n\r\n"
).encode()
_TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
# The signature and the first chunk of a picture; what follows is nobody's business.
_PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x01\x00\x08\x02\x00\x00\x00"
)


@dataclass
class Handed:
    """What the clients of one measurement did."""

    seconds: list[float] = field(default_factory=list)  # of each file that was taken
    refusals: list[str] = field(default_factory=list)
    lasted: float = 0.0


def form(size: int) -> bytes:
    """A form with one picture of `size` bytes in it."""
    noise = bytes(range(256)) * (size // 256 + 1)
    return _HEAD + _PICTURE + noise[: size - len(_PICTURE)] + _TAIL


def hand_in(
    url: str, world: World, turns: Iterator[int], body: bytes, at_once: int, seconds: float
) -> Handed:
    """Hand in for `seconds`, `at_once` files at a time; `turns` says whose turn it is."""
    handed = Handed()
    begin = time.perf_counter()
    taking_turns = threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        while time.perf_counter() - begin < seconds:
            with taking_turns:
                learner = next(turns)
            started = time.perf_counter()
            answer = _send(connection, world, learner, body)
            if answer:
                handed.refusals.append(answer)
            else:
                handed.seconds.append(time.perf_counter() - started)
        connection.close()

    clients = [threading.Thread(target=work) for _ in range(at_once)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    handed.lasted = time.perf_counter() - begin
    return handed


def _send(connection: http.client.HTTPConnection, world: World, learner: int, body: bytes) -> str:
    """Hand in one file; answers why it was not taken, or nothing."""
    headers = {
        "Authorization": f"Bearer {world.token(learner)}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    path = f"{OWN}/{resource_id(learner, PLACE)}/upload"
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return f"{type(error).__name__}: {error}"
    return "" if response.status == 200 else f"{response.status}: {text[:200]!r}"
