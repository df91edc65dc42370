"""The fake as a process, and what tests do to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import urllib3
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

TESTS = Path(__file__).parents[2]
BUCKET = "bootcamp-files"

CREATOR = ("storage.objects.create",)
VIEWER = ("storage.objects.get", "storage.objects.list")
EVERYTHING = (
    *CREATOR,
    *VIEWER,
    "storage.objects.delete",
    "storage.buckets.get",
    "storage.buckets.update",
)


class FakeGoogle:
    """A running fake at `url`, with one bucket and one account that may do everything."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.host = f"127.0.0.1:{port}"
        self._pool = urllib3.PoolManager(retries=False)

    def control(self, action: str, **given: Any) -> Any:
        response = self._pool.request("POST", f"{self.url}/_control/{action}", json=given)
        assert response.status == 200, (action, response.data)
        return json.loads(response.data)

    def reset(self) -> None:
        """Empty bucket, no rights missing, no faults, the right time."""
        self.control("calm")
        self.control("clock", offset_seconds=0)
        self.control("bucket", name=BUCKET)
        self.grant(*EVERYTHING)
        self.control("platform", email="")
        self.control("requests")

    def grant(self, *permissions: str, can_sign: bool = True) -> None:
        """Let the account have these rights and no others."""
        self.control(
            "account",
            email=EMAIL,
            private_key=private_key(),
            permissions=permissions,
            can_sign=can_sign,
        )

    def fault(self, kind: str, method: str, path: str = "", **more: Any) -> None:
        self.control("fault", kind=kind, method=method, path=path, **more)

    def objects(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.control("objects", bucket=BUCKET)
        return found

    def requests(self) -> list[str]:
        """Method and path of what came in since it was asked last."""
        lines: list[str] = self.control("requests")
        return [line for line in lines if "/_control/" not in line]

    def key_file(self, directory: Path) -> Path:
        """A service account's key file, as an operator downloads it."""
        path = directory / "key.json"
        content = {
            "type": "service_account",
            "project_id": "bootcamp",
            "private_key_id": "1",
            "private_key": private_key(),
            "client_email": EMAIL,
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }
        path.write_text(json.dumps(content))
        return path


EMAIL = "files@bootcamp.iam.gserviceaccount.com"


@cache
def private_key() -> str:
    """One key for the test run: making one takes a while."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@contextmanager
def running_fake() -> Iterator[FakeGoogle]:
    """Start the fake; it ends with the block, or with this process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "storage.fake_gcs"],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        fake = FakeGoogle(int(process.stdout.readline()))
        fake.reset()
        yield fake
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
