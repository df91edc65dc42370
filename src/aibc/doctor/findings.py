"""What a check found, in words and in fields, and the report that all checks fill."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

# More would bury a reader and, on a badly broken database, the memory; all are counted.
MOST_KEPT = 2000


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a stable code, a sentence, and whom and what it is about."""

    code: str
    sentence: str
    user_id: UUID | None = None
    user_email: str | None = None
    pathway_id: str | None = None
    module_id: str | None = None
    resource_id: str | None = None
    subject: str | None = None
    stored: str | None = None
    truth: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What stays the same when the same figure is looked at again."""
        return (self.code, self.user_id, self.pathway_id, self.module_id, self.resource_id)

    def document(self) -> dict[str, Any]:
        """The fields that have a value, as JSON takes them."""
        fields = {**vars(self), "user_id": str(self.user_id) if self.user_id else None}
        kept = {name: value for name, value in fields.items() if value is not None}
        # Beside a stored figure, "nothing" is an answer too.
        if self.stored is not None or self.truth is not None:
            kept |= {"stored": self.stored, "truth": self.truth}
        return kept


@dataclass
class Findings:
    """Findings as they come in: all counted, the first MOST_KEPT kept."""

    total: int = 0
    kept: list[Finding] = field(default_factory=list)

    def add(self, found: Iterable[Finding]) -> None:
        for finding in found:
            self.total += 1
            if len(self.kept) < MOST_KEPT:
                self.kept.append(finding)


@dataclass
class Report:
    """Everything one examination has to say."""

    wrong: Findings = field(default_factory=Findings)
    mended: Findings = field(default_factory=Findings)
    notices: list[str] = field(default_factory=list)
    learners: int = 0
    submissions: int = 0
    objects: int = 0
    fingerprints_filled: int = 0

    @property
    def healthy(self) -> bool:
        return self.wrong.total == 0

    def document(self) -> dict[str, Any]:
        return {
            "healthy": self.healthy,
            "learners_compared": self.learners,
            "submissions_checked": self.submissions,
            "objects_checked": self.objects,
            "fingerprints_filled": self.fingerprints_filled,
            "wrong_total": self.wrong.total,
            "wrong": [finding.document() for finding in self.wrong.kept],
            "mended_total": self.mended.total,
            "mended": [finding.document() for finding in self.mended.kept],
            "notices": self.notices,
        }
