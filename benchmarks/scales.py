"""How much data a run stands on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PATHWAYS = 10
MODULES = 8  # of a pathway
RESOURCES = 12  # of a module
COMPLETIONS = 100  # of a learner
SUBMISSIONS = 10  # of a learner
WAITING_EVERY = 4  # one learner in so many has a file that waits for review
INSTRUCTORS = 20


@dataclass(frozen=True)
class Scale:
    """A number of learners; everything else follows from it."""

    name: str
    learners: int

    @property
    def completions(self) -> int:
        return self.learners * COMPLETIONS

    @property
    def submissions(self) -> int:
        return self.learners * SUBMISSIONS

    @property
    def waiting(self) -> int:
        return self.learners // WAITING_EVERY


class ScaleName(StrEnum):
    """What `--scale` takes."""

    TINY = "tiny"
    SMALL = "small"
    STANDARD = "standard"
    LARGE = "large"


SCALES = {
    ScaleName.TINY: Scale("tiny", 200),
    ScaleName.SMALL: Scale("small", 2_000),
    ScaleName.STANDARD: Scale("standard", 20_000),
    ScaleName.LARGE: Scale("large", 200_000),
}
