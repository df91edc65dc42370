"""`aibc` with a trapdoor before and after each step of an upload: for tests alone.

`TRAPDOOR` names a file. A worker that comes to the step whose name stands in it removes the file
and dies as by kill -9; with a `!` behind the name it takes the whole service with it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

from aibc import cli, workers
from aibc.storage import files
from aibc.submissions import direct, direct_routes, upload

UPLOAD_STEPS = (
    "claimed",  # a place is taken, nothing of the body read
    "key claimed",
    "written",  # a first block lies in a temporary file
    "received",  # all blocks do
    "synced",  # they are on the disk, under no name
    "linked",  # the name is there, not yet on the disk
    "stored",  # all of it is durable
    "submitting",  # inside the transaction that makes the submission
    "submitted",  # committed, nobody has been told
)
DIRECT_STEPS = ("reserved", "sent", "examined", "submitting", "finished")


def fall(step: str) -> None:
    door = Path(os.environ["TRAPDOOR"])
    try:
        wanted = door.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    if wanted.rstrip("!") == step:
        door.unlink(missing_ok=True)
        if wanted.endswith("!"):
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def trap(owner: Any, name: str, *, before: str = "", after: str = "") -> None:
    """Put trapdoors around a function."""
    original: Callable[..., Any] = getattr(owner, name)

    @wraps(original)
    async def waited(*given: Any, **more: Any) -> Any:
        fall(before)
        result = await original(*given, **more)
        fall(after)
        return result

    @wraps(original)
    def called(*given: Any, **more: Any) -> Any:
        fall(before)
        result = original(*given, **more)
        fall(after)
        return result

    setattr(owner, name, waited if iscoroutinefunction(original) else called)


def set_traps() -> None:
    trap(upload, "claim", after="claimed")
    trap(upload, "claim_key", after="key claimed")
    trap(files.PartialFile, "write", after="written")
    trap(files.PartialFile, "publish", before="received")
    trap(os, "link", before="synced", after="linked")
    trap(upload, "finalise", before="stored", after="submitted")
    trap(upload, "receipt_document", before="submitting")
    trap(direct, "claim_key", after="reserved")
    trap(direct_routes, "receive", after="sent")
    trap(direct, "finalise", before="examined", after="finished")


if __name__ == "__main__":
    workers.MOST_DEATHS_A_MINUTE = 1_000_000  # it would give up, as it should
    set_traps()
    cli.main()
