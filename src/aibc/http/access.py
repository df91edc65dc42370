"""Who may call a route: the rule each route must name, and the caller before the database spoke.

This module knows no account. The accounts slice makes the rules (`Learner`, `Staff`, `Admin`),
verifies tokens, and admits a caller by the row of the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, get_args
from uuid import UUID

from fastapi.params import Depends

_ATTRIBUTE = "__aibc_access__"

Marked = TypeVar("Marked", bound=Callable[..., Any])


@dataclass(frozen=True)
class AccessRule:
    """A rule by its name; `roles` is empty where nobody needs to sign in."""

    name: str
    roles: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_public(self) -> bool:
        return not self.roles


PUBLIC = AccessRule("public")


class Identity(Protocol):
    """What a verified access token says."""

    @property
    def user_id(self) -> UUID: ...

    @property
    def session_id(self) -> UUID: ...


class TokenVerifier(Protocol):
    """Turns `Authorization` into an identity. Raises SignInRequired or InvalidToken."""

    def identify(self, authorization: str | None) -> Identity: ...


@dataclass
class Caller:
    """Somebody with a valid token, whom the database has yet to admit under `rule`."""

    user_id: UUID
    session_id: UUID
    rule: AccessRule
    admitted: bool = False


def marks_access(rule: AccessRule) -> Callable[[Marked], Marked]:
    """Mark a dependency, an endpoint or an ASGI app with the rule it stands for."""

    def mark(marked: Marked) -> Marked:
        setattr(marked, _ATTRIBUTE, rule)
        return marked

    return mark


def access_of(subject: object) -> AccessRule | None:
    """The rule of a marked callable, of a `Depends`, or of an annotated actor type."""
    if isinstance(subject, Depends):
        return access_of(subject.dependency)
    for part in get_args(subject):
        rule = access_of(part) if isinstance(part, Depends) else None
        if rule:
            return rule
    rule = getattr(subject, _ATTRIBUTE, None)
    return rule if isinstance(rule, AccessRule) else None


@marks_access(PUBLIC)
async def _anybody() -> None:
    """Open to everybody."""


Public = Depends(_anybody)
"""Names a route open: `@router.get("/…", dependencies=[Public])`."""
