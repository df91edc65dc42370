"""What an examination is narrowed to, and what it is allowed to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

# Called with the name of a check, how much of it is done, and how much there is in all, if known.
Watcher: TypeAlias = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Scope:
    """One learner, one pathway, both, or everything."""

    user_id: UUID | None = None
    pathway_id: str | None = None

    @property
    def is_everything(self) -> bool:
        return self.user_id is None and self.pathway_id is None
