"""Somebody who asks one thing now and then while others make noise: how long do they wait?"""

from __future__ import annotations

import http.client
import threading
import time

from benchmarks.http_requests import HttpRequest
from benchmarks.probe import Prober


class Watcher:
    """Sends a request every so often from a thread of its own, and notes how long it took."""

    def __init__(
        self,
        url: str,
        request: HttpRequest,
        every_seconds: float = 0.05,
        *,
        new_calls: bool = False,
    ) -> None:
        """`new_calls`: on a new connection each time, as a balancer asks."""
        self._new_calls = new_calls
        self.milliseconds: list[float] = []
        self.failures = 0
        self._url = url
        self._request = request
        self._every = every_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def percentile(self, share: float) -> float:
        """Milliseconds that the given share of requests stayed within."""
        ordered = sorted(self.milliseconds)
        if not ordered:
            return float("inf")
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def document(self) -> dict[str, float]:
        return {
            "asked": len(self.milliseconds) + self.failures,
            "failures": self.failures,
            "p50_ms": self.percentile(0.5),
            "p99_ms": self.percentile(0.99),
            "longest_ms": max(self.milliseconds, default=0.0),
        }

    def _watch(self) -> None:
        prober = Prober(self._url)
        while not self._over.is_set():
            begin = time.perf_counter()
            try:
                answer = prober.send(self._request)
            except (OSError, http.client.HTTPException):
                prober.close()
                self.failures += 1
            else:
                if answer.status == 200:
                    self.milliseconds.append(1000 * (time.perf_counter() - begin))
                else:
                    self.failures += 1
            if self._new_calls:
                prober.close()
            self._over.wait(max(0.0, self._every - (time.perf_counter() - begin)))
        prober.close()
