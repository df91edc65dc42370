"""The directory PostgreSQL keeps its data in: made whole or not at all, and checked before use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from aibc.database.programs import EmbeddedDatabaseError, Programs

USER = DATABASE = "aibc"


def make_cluster(cluster: Path, programs: Programs, *, durable: bool) -> None:
    """Make it under another name first, so that what bears the right name is complete."""
    fresh = cluster.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if programs.identity.owner:
        os.chown(fresh, *programs.identity.owner)
    programs.run("initdb", *_initdb_arguments(programs.major, durable=durable), str(fresh))
    single = ("--single", "-D", str(fresh), "postgres")
    programs.run("postgres", *single, text=f"CREATE DATABASE {DATABASE}\n", directory=fresh)
    fresh.rename(cluster)
    _sync_directory(cluster.parent)


def check_cluster(cluster: Path, programs: Programs) -> None:
    """Refuse, without touching it, what this server could not run. Raises EmbeddedDatabaseError."""
    owner = programs.identity.owner[0] if programs.identity.owner else os.geteuid()
    if cluster.stat().st_uid != owner:
        raise EmbeddedDatabaseError(
            f"The database in {cluster} belongs to another user: run AIBC as that user, or set "
            "AIBC_DATA_DIR to a directory of your own."
        )
    version = _made_by(cluster)
    if version is None or not (cluster / "global" / "pg_control").is_file():
        raise EmbeddedDatabaseError(
            f"{cluster} is not a complete database: nothing in it was changed; restore it from a "
            "backup, or set AIBC_DATA_DIR to a new directory."
        )
    if version != programs.major:
        raise EmbeddedDatabaseError(
            f"The database in {cluster} was made by PostgreSQL {version} and the programs here are "
            f"version {programs.major}: nothing in it was changed; set PG_BIN_DIR to the programs "
            f"of version {version}, or AIBC_DATA_DIR to a new directory."
        )


def write_access_rules(cluster: Path, programs: Programs) -> None:
    """Let in whoever runs as we do, and nobody else; our name may differ from last time."""
    rules = {
        "pg_hba.conf": "local all all peer map=aibc\n",
        "pg_ident.conf": f'aibc "{programs.identity.peer_name}" {USER}\n',
    }
    for name, text in rules.items():
        (cluster / name).write_text(text, encoding="utf-8")


def _initdb_arguments(major: int, *, durable: bool) -> list[str]:
    arguments = ["-U", USER, "--auth=peer", "--encoding=UTF8", "--locale=C", "--data-checksums"]
    if major >= 17:  # the same Unicode rules on every machine, whatever its C library knows
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [*arguments, "--no-instructions", *([] if durable else ["--no-sync"]), "-D"]


def _made_by(cluster: Path) -> int | None:
    """The major version that made the cluster, as its PG_VERSION says."""
    try:
        version = (cluster / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    return int(version) if version.isdecimal() else None


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
