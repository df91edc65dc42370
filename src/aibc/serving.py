"""`aibc serve`: a database in order, then workers until somebody says stop."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from ipaddress import ip_address
from typing import TYPE_CHECKING

from aibc.database.embedded import EmbeddedServer
from aibc.database.ownership import Ownership, own
from aibc.errors import AibcError
from aibc.settings import (
    EMBEDDED_URL,
    DatabaseSettings,
    ServerSettings,
    Settings,
    StorageSettings,
)

if TYPE_CHECKING:
    from aibc.database.pool import Database

# A command at work in the data directory, such as an import, is soon done.
WAIT_FOR_COMMAND_SECONDS = 30.0


class AddressError(AibcError):
    """The service cannot listen where HOST and PORT say."""

    code = "address_unusable"
    status = 503


def serve(settings: Settings) -> None:
    """Serve until a signal. Raises AibcError with one sentence when it cannot start.

    DirectoryInUse, when it names an address, means that the service runs already.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the workers are started
    with _shared_metrics(settings.server.workers), _place(settings) as ownership:
        importing = _import_application()
        with _database(settings, ownership) as database:
            importing.join()
            emails = asyncio.run(_put_in_order(replace(settings, database=database)))
            _announce(settings.server, emails)
            _run(settings.server)


def _import_application() -> threading.Thread:
    """Import it while the database starts: both take their time."""

    def import_it() -> None:
        with suppress(Exception):  # `_run` imports it again and raises
            import_module("aibc.app")
            import_module("aibc.workers")

    thread = threading.Thread(target=import_it)
    thread.start()
    return thread


def _run(settings: ServerSettings) -> None:
    # What is imported here is shared by the workers; commands need none of it.
    from aibc.app import create_app
    from aibc.http.logging import configure_logging
    from aibc.workers import run_workers

    configure_logging(settings.log_level)
    run_workers(settings, create_app)


@contextmanager
def _shared_metrics(workers: int) -> Iterator[None]:
    """Let several workers count into one directory, so that each can answer for all of them."""
    with tempfile.TemporaryDirectory(prefix="aibc-metrics-") as directory:
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory  # read when it is imported
        yield


@contextmanager
def _place(settings: Settings) -> Iterator[Ownership | None]:
    """Our port and, for the embedded database, our data directory, before anything is started."""
    if not settings.database.embedded:
        _check_address(settings.server)
        yield None
        return
    with own(settings.data_directory, wait_seconds=WAIT_FOR_COMMAND_SECONDS) as ownership:
        ownership.note(address=_address(settings.server))
        _check_address(settings.server)
        yield ownership


@contextmanager
def _database(settings: Settings, ownership: Ownership | None) -> Iterator[DatabaseSettings]:
    """The settings of a database that runs: the operator's, or the embedded one for the while."""
    if ownership is None:
        yield settings.database
        return
    bin_directory = settings.database.bin_directory
    with EmbeddedServer(settings.data_directory, bin_directory=bin_directory) as server:
        ownership.note(address=_address(settings.server), database_url=server.url)
        os.environ[EMBEDDED_URL] = server.url  # for the workers
        yield replace(settings.database, url=server.url)


async def _put_in_order(settings: Settings) -> list[str]:
    """Migrate and furnish the database; return the demo accounts that can sign in."""
    from aibc.accounts.demo_sign_ins import demo_emails
    from aibc.database.pool import Database
    from aibc.first_start import furnish

    await _verify_storage(settings.storage)
    await _migrate(settings.database)
    database = await Database.open(settings.database)
    try:
        if settings.database.embedded:
            await furnish(database, with_demo_accounts=settings.server.is_local)
        emails = await demo_emails(database)
        await _fit_pools(database, settings)
    finally:
        await database.close()
    if emails and not settings.server.is_local:
        raise AddressError(
            f"Demo accounts with a password everybody knows exist, so AIBC serves on 127.0.0.1 "
            f"alone, not on {settings.server.host}: unset HOST, or suspend them first with "
            f"`aibc user suspend` ({', '.join(emails)})."
        )
    return emails


async def _fit_pools(database: Database, settings: Settings) -> None:
    """Make the pools smaller where the database has not that many connections to give.

    What the operator has set stands; PgBouncer has connections of its own to give.
    """
    if os.environ.get("DATABASE_POOL_SIZE") or settings.database.behind_pgbouncer:
        return
    fitting = max(await database.room() // settings.server.workers, 1)
    if fitting < settings.database.pool_size:
        os.environ["DATABASE_POOL_SIZE"] = str(fitting)  # for the workers


async def _verify_storage(settings: StorageSettings) -> None:
    """Stop the start where the storage says that it is not set up for the service."""
    from aibc.storage import open_store

    store = open_store(settings)
    try:
        await store.verify()
    finally:
        await store.close()


async def _migrate(settings: DatabaseSettings) -> None:
    from aibc.database.migrate import MigrationError, migrate, pending

    url = settings.direct_url or settings.url
    if settings.migrate_on_start:
        await migrate(url)
    elif missing := await pending(url):
        raise MigrationError(
            f"The database lacks {', '.join(missing)}, and MIGRATE_ON_START is false: run "
            "`aibc migrate` first."
        )


def _announce(settings: ServerSettings, demo_emails: list[str]) -> None:
    address = _address(settings)
    lines = [f"AIBC serves on {address}", f"  API documentation  {address}/docs"]
    if settings.public_url != address:
        lines.append(f"  Public address     {settings.public_url}")
    if demo_emails:
        from aibc.accounts.demo_sign_ins import DEMO_PASSWORD

        lines += [f"  Demo sign-in       {email}  {DEMO_PASSWORD}" for email in demo_emails]
    sys.stdout.write("\n".join([*lines, "Ctrl-C stops it.", ""]))
    sys.stdout.flush()


def _address(settings: ServerSettings) -> str:
    # What listens everywhere listens here too, and answers under this name without being told.
    here = settings.is_local or ip_address(settings.host).is_unspecified
    host = "localhost" if here else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _check_address(settings: ServerSettings) -> None:
    """Refuse a port in use, which the server itself would share with whoever has it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise AddressError(_refusal(error, settings)) from error


def _refusal(error: OSError, settings: ServerSettings) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} is taken by another program: set PORT to a free one."
    if error.errno == errno.EACCES:
        return f"This user may not listen on port {settings.port}: set PORT to 1024 or above."
    return f"This machine cannot listen on {settings.host}: set HOST to an address of its own."
