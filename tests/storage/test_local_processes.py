"""The local disk under faults that need a process of their own: a kill, and a disk that is full."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from aibc.storage.local import LocalStore

ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "PYTHONPATH": os.pathsep.join(sys.path),
}

UPLOAD_THAT_NEVER_ENDS = """
import asyncio, sys
from pathlib import Path
from aibc.storage.local import LocalStore

async def chunks():
    while True:
        yield b"x" * 1048576
        print("written", flush=True)
        await asyncio.sleep(0.01)

async def main():
    store = LocalStore(Path(sys.argv[1]))
    await store.put("a/b.png", chunks(), content_type="image/png", content_disposition="attachment")

asyncio.run(main())
"""


async def test_a_killed_upload_shows_nothing_and_is_swept(tmp_path: Path) -> None:
    root = tmp_path / "storage"
    store = LocalStore(root)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        UPLOAD_THAT_NEVER_ENDS,
        str(root),
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    for _ in range(3):
        assert await process.stdout.readline() == b"written\n"
    process.kill()
    await process.communicate()
    assert not await store.exists("a/b.png")
    assert len(list((root / ".temporary").iterdir())) == 1
    assert await store.sweep_temporary(timedelta(0)) == 1
    assert list((root / ".temporary").iterdir()) == []
    await store.close()


UPLOADS_ON_A_SMALL_DISK = """
import asyncio, errno, json, os, sys
from pathlib import Path
from aibc.storage.local import LocalStore
from storage.contract import put, read, repeated

MEBIBYTE = 1048576
root = Path(sys.argv[1])

def refuse_after(room):
    real = os.write
    def write(descriptor, data):
        used = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
        if used + len(data) > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)
    os.write = write

async def attempt(store, key, mebibytes):
    try:
        await put(store, key, repeated(b"x" * 65536, mebibytes * 16))
    except Exception as error:
        return type(error).__name__
    return "stored"

async def main():
    if "--without-mount" in sys.argv:
        refuse_after(8 * MEBIBYTE)
    store = LocalStore(root)
    outcomes = [
        await attempt(store, "first", 4),
        await attempt(store, "too-large", 16),
        await attempt(store, "after", 1),
    ]
    files = sorted(path.name for path in root.rglob("*") if path.is_file())
    same = await read(store, "first") == b"x" * 4 * MEBIBYTE
    await store.close()
    print(json.dumps([outcomes, files, same]))

asyncio.run(main())
"""


def on_a_small_disk(root: Path) -> list[str]:
    """The command that runs the uploads on a disk of 8 MiB.

    A mount of our own where user namespaces are allowed; elsewhere the process itself counts.
    """
    python = [sys.executable, "-c", UPLOADS_ON_A_SMALL_DISK, str(root)]
    unshare = shutil.which("unshare")
    mount = [unshare or "", "-Urm", "sh", "-c"]
    script = 'mount -t tmpfs -o size=8m none "$0" && exec "$@"'
    if unshare and subprocess.run([*mount, script, root, "true"], check=False).returncode == 0:
        return [*mount, script, str(root), *python]
    return [*python, "--without-mount"]


def test_a_full_disk_refuses_the_upload_and_recovers_without_a_restart(tmp_path: Path) -> None:
    result = subprocess.run(
        on_a_small_disk(tmp_path), env=ENVIRONMENT, check=True, capture_output=True, text=True
    )
    outcomes, files, same = json.loads(result.stdout)
    assert outcomes == ["stored", "StorageFull", "stored"]
    assert files == ["after", "first"]
    assert same
