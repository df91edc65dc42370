"""How much of a long proof is run: all of it, or the share that `SOAK_SHARE` names."""

from __future__ import annotations

import os


def share_of(full: int) -> int:
    """At least one."""
    return max(1, round(full * float(os.environ.get("SOAK_SHARE", "1"))))
