"""Errors of reviews. What the database refuses by itself arrives as RuleViolation.

AibcError
├── ClaimHeldByAnother         409  only the holder gives a claim back
├── ModuleNotHandedIn          404  no completion of this module stands for this learner
├── SavedCommentNotFound       404  not there, or somebody else's
└── TooManySavedComments       409  there are fifty already
"""

from __future__ import annotations

from aibc.errors import AibcError


class ClaimHeldByAnother(AibcError):
    """Somebody else is reviewing this submission, so the claim is theirs to give back."""

    code = "claimed_by_another"
    status = 409


class ModuleNotHandedIn(AibcError):
    """This learner has not handed in this module."""

    code = "module_completion_not_found"
    status = 404


class SavedCommentNotFound(AibcError):
    """You have no such saved comment."""

    code = "saved_comment_not_found"
    status = 404


class TooManySavedComments(AibcError):
    """You have saved 50 comments already. Please remove one that you no longer use."""

    code = "too_many_saved_comments"
    status = 409
