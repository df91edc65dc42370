"""What the desk shows of one submission to one instructor, and what they may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aibc.reviews.desk import Desk
from aibc.settings import Settings
from aibc.web.previews import comparison_url, preview_url
from aibc.web.review.filters import Part
from aibc.web.visitors import Visitor

SHOWS = ("file", "changes", "beside")


@dataclass(frozen=True)
class View:
    """What the frames show: the file, what changed since another attempt, or both files."""

    show: str
    other: Any
    frames: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sheet:
    """One submission on somebody's desk."""

    desk: Desk
    visitor: Visitor
    part: Part
    settings: Settings

    @property
    def submission(self) -> Any:
        return self.desk.submission

    @property
    def path(self) -> str:
        return f"/review/{self.submission['id']}"

    @property
    def is_own_work(self) -> bool:
        return bool(self.submission["user_id"] == self.visitor.user_id)

    @property
    def is_waiting(self) -> bool:
        return bool(self.submission["submission_status"] == "uploaded")

    @property
    def is_decided(self) -> bool:
        return self.submission["submission_status"] in ("approved", "rejected")

    @property
    def is_last(self) -> bool:
        """Whether no later attempt was ever handed in; withdrawn ones count."""
        return bool(self.submission["attempt"] == self.submission["newest_attempt"])

    @property
    def may_change(self) -> bool:
        decided_here = self.submission["reviewed_by"] == self.visitor.user_id
        may = (decided_here or self.visitor.is_admin) and not self.is_own_work
        return self.is_decided and self.is_last and may

    @property
    def undo_seconds(self) -> int:
        """How long the decision can still be undone by this visitor."""
        return int(self.submission["undo_seconds"]) if self.may_change else 0

    @property
    def newer(self) -> Any:
        """The newest later attempt that still stands."""
        later = (one for one in self.desk.other_attempts if self._is_later(one))
        return next(later, None)

    @cached_property
    def comparable(self) -> Any:
        """The attempt to compare with unless another is named: what was last sent back."""
        earlier = [one for one in self.desk.other_attempts if not self._is_later(one)]
        sent_back = (one for one in earlier if one["submission_status"] == "rejected")
        return next(sent_back, earlier[0] if earlier else None)

    @property
    def held_by_another(self) -> bool:
        return self.submission["claimed_by"] not in (None, self.visitor.user_id)

    def comments_to_begin_with(self) -> str:
        """What an undone decision said, so that it is not typed again."""
        history = self.desk.history
        if self.is_waiting and len(history) > 1 and history[-1]["action"] == "undone":
            return str(history[-2]["review_comments"] or "")
        return ""

    def view(self, query: Mapping[str, str]) -> View:
        """What the address asks the frames to show."""
        show = query.get("show", "")
        other = self._attempt(query.get("with", "")) or self.comparable
        if other is None or show not in SHOWS:
            show = "file"
        frames = [self._preview(self.submission)]
        if show == "changes":
            frames = [self._comparison(other)]
        elif show == "beside":
            frames.append(self._preview(other))
        return View(show, other, tuple(frames))

    def _attempt(self, number: str) -> Any:
        return next(
            (one for one in self.desk.other_attempts if str(one["attempt"]) == number), None
        )

    def _is_later(self, other: Any) -> bool:
        return bool(other["attempt"] > self.submission["attempt"])

    def _preview(self, file: Any) -> tuple[str, str]:
        address = preview_url(
            self.settings, file["id"], self.visitor.user_id, now=self.submission["moment"]
        )
        return f"Attempt {file['attempt']}: {file['file_name']}", address

    def _comparison(self, other: Any) -> tuple[str, str]:
        earlier, later = sorted((other, self.submission), key=lambda one: one["attempt"])
        address = comparison_url(
            self.settings,
            earlier["id"],
            later["id"],
            self.visitor.user_id,
            now=self.submission["moment"],
        )
        return f"Changes from attempt {earlier['attempt']} to {later['attempt']}", address
