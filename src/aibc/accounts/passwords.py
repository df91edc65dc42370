"""Passwords: what is strong enough, and hashing that leaves the event loop free."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from unicodedata import normalize

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from aibc.errors import AibcError

MIN_LENGTH = 8
MAX_LENGTH = 128
MAX_WAITING = 500

Result = TypeVar("Result")


class HashingBusy(AibcError):
    """Very many people are signing in at the moment. Please try again in a few seconds."""

    code = "sign_in_busy"
    status = 503

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "5"})


class Passwords:
    """Hashes and verifies with argon2id, as many at once as there are cores for this process."""

    def __init__(self, workers: int = 1) -> None:
        """`workers`: how many processes share the machine's cores."""
        # 19 MiB and two passes: about 25 ms of one core, and little memory beside a worker's own.
        self._hasher = PasswordHash([Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1)])
        threads = max(1, (os.cpu_count() or 1) // workers)
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobodys_hash = self.hash_now("nobody knows this one")

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        return await self._off_the_loop(lambda: self.hash_now(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password fits. Without a hash it takes as long, and never fits."""
        return await self._off_the_loop(lambda: self.verify_now(password, password_hash))

    def hash_now(self, password: str) -> str:
        """The hash to keep, made on this thread."""
        return self._hasher.hash(_canonical(password))

    def verify_now(self, password: str, password_hash: str | None) -> bool:
        """`verify` on this thread."""
        try:
            fits = self._hasher.verify(_canonical(password), password_hash or self._nobodys_hash)
        except UnknownHashError:
            return False
        return fits and password_hash is not None

    def close(self) -> None:
        """Let the threads go."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _off_the_loop(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= MAX_WAITING:
            raise HashingBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._waiting -= 1


def checked_password(password: str) -> str:
    """The password, if it is strong enough. Raises ValueError saying what is missing."""
    if len(password) > MAX_LENGTH:
        raise ValueError(f"The password may have at most {MAX_LENGTH} characters.")
    missing = [name for name, is_met in _rules(password) if not is_met]
    if missing:
        head, last = missing[:-1], missing[-1]
        raise ValueError(f"The password needs {', '.join(head)}{' and ' if head else ''}{last}.")
    return password


def _rules(password: str) -> list[tuple[str, bool]]:
    return [
        (f"at least {MIN_LENGTH} characters", len(password) >= MIN_LENGTH),
        ("an upper-case letter", any(sign.isupper() for sign in password)),
        ("a lower-case letter", any(sign.islower() for sign in password)),
        ("a digit", any(sign.isdigit() for sign in password)),
        (
            "a special character such as ! or -",
            any(not sign.isalnum() and not sign.isspace() for sign in password),
        ),
    ]


def _canonical(password: str) -> str:
    """Keyboards differ in how they write the same accented letter."""
    return normalize("NFC", password)
