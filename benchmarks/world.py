"""Everybody who asks in a run: learners and instructors with tokens that the product accepts."""

from __future__ import annotations

from dataclasses import dataclass

from aibc.accounts.tokens import Tokens
from aibc.settings import TokenSettings
from benchmarks.identities import (
    instructor_id,
    instructor_session_id,
    learner_id,
    session_id,
)
from benchmarks.scales import INSTRUCTORS, Scale

ASKING = 2_000  # learners who take part in a measurement
STRIDE = 7_919  # a prime: those who take part are spread over all there are, and all pathways
DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class World:
    """The scale, and how its people sign in."""

    scale: Scale
    secret: str

    @property
    def asking(self) -> int:
        return min(ASKING, self.scale.learners)

    def learners(self) -> list[int]:
        """The numbers of those who take part."""
        return [place * STRIDE % self.scale.learners for place in range(self.asking)]

    def token(self, learner: int) -> str:
        return self._tokens().issue(learner_id(learner), session_id(learner)).access_token

    def instructor_token(self, number: int) -> str:
        number %= INSTRUCTORS
        tokens = self._tokens()
        return tokens.issue(instructor_id(number), instructor_session_id(number)).access_token

    def _tokens(self) -> Tokens:
        return Tokens(TokenSettings(self.secret, self.secret, DAY_MINUTES))
