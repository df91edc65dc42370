"""Submissions against the objects of the store, both ways.

A row is written after its object and an object only under a key that a row of `uploads` claimed
before, so what arrives while the check runs is never taken for a difference.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries
from aibc.doctor.findings import Finding, Report
from aibc.doctor.scope import Scope, Watcher
from aibc.storage.hashing import Fingerprint
from aibc.storage.store import ObjectMissing, ObjectStore

_QUERIES = load_queries(__package__, "files.sql")
PAGE = 500
AT_ONCE = 16
READ_AT_ONCE = 4
_BEFORE_ALL = UUID(int=0)


class FileCheck:
    """Looks for the object of every submission; `deep` reads its bytes too."""

    def __init__(self, database: Database, store: ObjectStore, report: Report, *, deep: bool):
        self._database = database
        self._store = store
        self._report = report
        self._deep = deep
        self._slots = asyncio.Semaphore(READ_AT_ONCE if deep else AT_ONCE)
        self._elsewhere: Counter[str] = Counter()

    async def run(self, scope: Scope, watch: Watcher) -> None:
        """Check the submissions of the scope."""
        narrowed = (scope.user_id, scope.pathway_id)
        total = await self._database.fetch_value(_QUERIES["count_submissions"], *narrowed)
        last = _BEFORE_ALL
        while rows := await self._database.fetch(
            _QUERIES["next_submissions"], last, *narrowed, PAGE
        ):
            last = rows[-1]["id"]
            for found in await asyncio.gather(*map(self._look_at, rows)):
                self._report.wrong.add(found)
            self._report.submissions += len(rows)
            watch("Files", self._report.submissions, total)
        self._report.wrong.add(_elsewhere(*counted) for counted in self._elsewhere.items())

    async def _look_at(self, row: Record) -> list[Finding]:
        if row["gcs_url"] != self._store.name_of(row["object_key"]):
            self._elsewhere[row["gcs_url"].removesuffix(row["object_key"])] += 1
            return []
        async with self._slots:
            try:
                return await (self._read(row) if self._deep else self._ask(row))
            except ObjectMissing:
                return [_finding(row, "object_missing", "is not in the store")]

    async def _ask(self, row: Record) -> list[Finding]:
        """Compare what the store knows without reading."""
        info = await self._store.head(row["object_key"])
        return _differences(row, info.size, info.crc32c or row["crc32c"], row["sha256"])

    async def _read(self, row: Record) -> list[Finding]:
        """Compare the bytes themselves; keep a SHA-256 that is missing once all else agrees."""
        seen = Fingerprint()
        async for chunk in await self._store.get(row["object_key"]):
            await asyncio.to_thread(seen.update, chunk)
        truth = row["sha256"] or seen.sha256
        found = _differences(row, seen.size, seen.crc32c, seen.sha256, sha256=truth)
        if row["sha256"] is None and not found:
            filled = await self._database.fetch_value(
                _QUERIES["fill_sha256"], row["id"], seen.sha256
            )
            self._report.fingerprints_filled += filled is not None
        return found


async def find_unnamed_objects(
    database: Database, store: ObjectStore, report: Report, watch: Watcher
) -> None:
    """Report objects that no row names. What an upload left that never ended well is expected."""
    left = 0
    async for keys in _pages(store):
        for row in await database.fetch(_QUERIES["unnamed_objects"], keys):
            # A finalised upload has a submission, which would name the object.
            if row["state"] in (None, "finalised"):
                report.wrong.add([_unnamed(store.name_of(row["key"]))])
            elif row["state"] != "claimed":
                left += 1
        report.objects += len(keys)
        watch("Objects", report.objects, None)
    if left:
        report.notices.append(f"Objects of uploads that never became submissions, kept: {left}.")


async def _pages(store: ObjectStore) -> AsyncIterator[list[str]]:
    keys: list[str] = []
    async for info in store.objects():
        keys.append(info.key)
        if len(keys) == PAGE:
            yield keys
            keys = []
    if keys:
        yield keys


def _differences(
    row: Record, size: int, crc32c: str, seen_sha256: str | None, *, sha256: str | None = None
) -> list[Finding]:
    figures = [
        ("object_size", "size in bytes", str(row["file_size_bytes"]), str(size)),
        ("object_crc32c", "CRC32C", row["crc32c"], crc32c),
        ("object_sha256", "SHA-256", sha256 or row["sha256"], seen_sha256),
    ]
    return [
        _finding(row, code, f"has another {name}: {stored} stored, {truth} found", stored, truth)
        for code, name, stored, truth in figures
        if stored != truth
    ]


def _finding(
    row: Record, code: str, problem: str, stored: str | None = None, truth: str | None = None
) -> Finding:
    who = row["email"] or row["user_id"]
    return Finding(
        code=code,
        sentence=(
            f"{who}, resource {row['resource_id']}, attempt {row['attempt']}: "
            f"the file {row['gcs_url']} {problem}."
        ),
        user_id=row["user_id"],
        user_email=row["email"],
        pathway_id=row["pathway_id"],
        module_id=row["module_id"],
        resource_id=row["resource_id"],
        subject=row["gcs_url"],
        stored=stored,
        truth=truth,
    )


def _elsewhere(place: str, submissions: int) -> Finding:
    return Finding(
        "objects_elsewhere",
        f"{submissions} submissions name files in {place}, which is not the store in use: "
        "check GCS_BUCKET_NAME and STORAGE_DIR.",
        subject=place,
    )


def _unnamed(name: str) -> Finding:
    return Finding(
        "object_unnamed",
        f"No row names the object {name}: was an older database restored? It is kept.",
        subject=name,
    )
