"""Counters for Prometheus."""

from __future__ import annotations

import os
from functools import lru_cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

_REQUESTS = Counter(
    "aibc_http_requests", "Requests answered, by route and status.", ("method", "route", "status")
)
_SECONDS = Histogram(
    "aibc_http_request_seconds",
    "Seconds from the first byte of a request to the end of its answer.",
    ("method", "route"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
_FAULTS = Counter("aibc_http_faults", "Requests that ended in an unexpected exception.", ("route",))

MEDIA_TYPE = CONTENT_TYPE_LATEST


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    counter, histogram = _figures(method if method in _METHODS else "other", route, status)
    counter.inc()
    histogram.observe(seconds)


@lru_cache(maxsize=4096)  # finding them by their labels costs more than counting
def _figures(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return _REQUESTS.labels(method, route, status), _SECONDS.labels(method, route)


def count_fault(route: str) -> None:
    _FAULTS.labels(route).inc()


def render_metrics() -> bytes:
    """All figures of this process; of all workers where they share a directory.

    The client library itself looks for that directory in the environment, when it is imported.
    """
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
