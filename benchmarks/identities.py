"""Who and what there is, by number.

Identifiers follow from a name and a number by a function that Python and PostgreSQL both have, so
that a load generator of either kind can name any learner, session or submission without asking.
"""

from __future__ import annotations

from hashlib import md5
from uuid import UUID

from benchmarks.scales import MODULES, PATHWAYS, RESOURCES


def identity(kind: str, number: int | str) -> UUID:
    """The same as `md5('kind:number')::uuid` in PostgreSQL."""
    return UUID(bytes=md5(f"{kind}:{number}".encode(), usedforsecurity=False).digest())


def learner_id(number: int) -> UUID:
    return identity("learner", number)


def learner_email(number: int) -> str:
    return f"learner-{number}@example.org"


def session_id(number: int) -> UUID:
    """The one session of a learner that stands."""
    return identity("session", number)


def instructor_id(number: int) -> UUID:
    return identity("instructor", number)


def instructor_session_id(number: int) -> UUID:
    return identity("instructor-session", number)


def waiting_id(number: int) -> UUID:
    """The submission of learner `number` that waits, where there is one."""
    return identity("waiting", number)


def pathway_id(number: int) -> str:
    return f"pathway-{number % PATHWAYS}"


def module_id(pathway: int, module: int) -> str:
    """Modules count from 1."""
    return f"{pathway_id(pathway)}-module-{module}"


def resource_id(pathway: int, place: int) -> str:
    """The resource in the given place of the whole pathway; places count from 0."""
    module, within = divmod(place, RESOURCES)
    if module >= MODULES:
        raise IndexError(place)
    return f"{module_id(pathway, module + 1)}-r{within + 1}"
