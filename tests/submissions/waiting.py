"""Waiting for what another process is about to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Return once `holds` does; fail when it has not in so many seconds."""
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.02)
