"""Settles what crashes left behind: uploads that never ended, files half written.

Nothing that was handed in is touched, and nothing that was stored is removed: the object of an
upload that never became a submission stays where its row says it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from aibc.database.leases import Lease
from aibc.database.pool import Database
from aibc.database.queries import load_queries
from aibc.errors import AibcError
from aibc.http.logging import describe_fault
from aibc.storage.store import ObjectStore

log = structlog.get_logger("aibc.sweep")

_QUERIES = load_queries(__package__)
_EXPIRED = _QUERIES["expired_uploads"]
_SETTLE = _QUERIES["settle_upload"]
_FORGET_KEYS = load_queries(__package__, "idempotency.sql")["forget_keys"]

BATCH = 100
PERIOD = timedelta(minutes=1)
# Longer than any upload may take to arrive and be stored: no living one is disturbed.
TEMPORARY_AGE = timedelta(hours=1)


@dataclass
class Swept:
    """What one sweep found: uploads it settled, the objects those left, half-written files."""

    settled: int = 0
    objects_left: list[str] = field(default_factory=list)
    temporary_files: int = 0


async def sweep(database: Database, store: ObjectStore) -> Swept:
    """Settle uploads whose time is over; remove old temporary files and forget old keys."""
    swept = Swept()
    while batch := await database.fetch(_EXPIRED, BATCH):
        for upload in batch:
            key = upload["object_key"]
            # Asked first: should the store not answer, the upload stays for the next sweep.
            left = key is not None and await store.exists(key)
            if await database.fetch_value(_SETTLE, upload["id"], "abandoned", None):
                swept.settled += 1
                if left:
                    swept.objects_left.append(store.name_of(key))
    await database.execute(_FORGET_KEYS)
    swept.temporary_files = await store.sweep_temporary(TEMPORARY_AGE)
    return swept


@asynccontextmanager
async def sweeping(database: Database, store: ObjectStore) -> AsyncIterator[None]:
    """Sweep once a minute while the block runs, in one process of all that share the database."""
    task = asyncio.create_task(_sweep_for_ever(database, store))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _sweep_for_ever(database: Database, store: ObjectStore) -> None:
    # Whoever swept last keeps the job; another process takes over a minute after it fell silent.
    lease = Lease("sweep", lifetime=2 * PERIOD)
    while True:
        try:
            if await lease.take(database):
                _report(await sweep(database, store))
        except AibcError as error:
            log.warning("sweep_failed", code=error.code)
        except Exception as error:  # the job must outlive whatever one round ran into
            log.error("sweep_broken", **describe_fault(error))
        await asyncio.sleep(PERIOD.total_seconds())


def _report(swept: Swept) -> None:
    if swept.settled or swept.temporary_files:
        log.info(
            "swept",
            settled=swept.settled,
            objects_left=len(swept.objects_left),
            temporary_files=swept.temporary_files,
        )
