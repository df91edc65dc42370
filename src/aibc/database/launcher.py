"""Become the right user, tie the life to the parent's, then turn into the given program.

Run as a script of its own, `python -I -S launcher.py <parent pid> <identity> <program> …`, so that
nothing of the service (threads, open files, signal handlers) is forked along. Identity is one of

    same                    stay who we are
    namespace:<uid>:<gid>   appear as that user inside a new user namespace
    user:<uid>:<gid>        change to that user for good (only root can)
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

REFUSED = 120  # exit code: this machine forbids user namespaces
_NEW_USER_NAMESPACE = 0x10000000  # CLONE_NEWUSER of linux/sched.h
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def main() -> None:
    parent, identity, program = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    _become(identity)
    _stop_with(parent)
    os.execv(program[0], program)  # noqa: S606


def _become(identity: str) -> None:
    way, *ids = identity.split(":")
    if way == "namespace":
        _enter_namespace(int(ids[0]), int(ids[1]))
    elif way == "user":
        os.setgroups([])
        os.setgid(int(ids[1]))
        os.setuid(int(ids[0]))


def _enter_namespace(uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    try:
        if ctypes.CDLL(None, use_errno=True).unshare(_NEW_USER_NAMESPACE) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1", encoding="ascii")
    except (OSError, AttributeError):
        sys.exit(REFUSED)


def _stop_with(parent: int) -> None:
    """Ask the kernel for SIGINT, PostgreSQL's fast shutdown, when the parent dies.

    Only Linux can; elsewhere the next start finds and stops what was left. It comes after
    `_become`, because a change of user clears it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


if __name__ == "__main__":
    main()
