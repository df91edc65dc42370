"""The words of an explanation: one sentence for each state, and the sums written out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aibc.progress.documents import Document, Row

_OBSTACLES = {
    "optional": "it is optional",
    "resource_unpublished": "it is not published",
    "resource_removed": "it was removed from the curriculum",
    "module_unpublished": "its module is not published",
    "module_removed": "its module was removed from the curriculum",
    "pathway_unpublished": "the pathway is not published",
    "pathway_removed": "the pathway was removed from the curriculum",
}
_MODULE_OBSTACLES = {
    **_OBSTACLES,
    "module_unpublished": "it is not published",
    "module_removed": "it was removed from the curriculum",
}
# The steps of the rule for a module's approval, as module_states in the database numbers them.
BY_HAND, AGAIN, BY_FIGURES, REJECTED_FILE, WAITING = range(1, 6)


def absence(row: Row, kind: str) -> str | None:
    """Why a pathway, module or resource is not live, as a code; None when it is."""
    if row[f"{kind}_removed_at"] is not None:
        return f"{kind}_removed"
    return None if row[f"{kind}_published"] else f"{kind}_unpublished"


def resource_state(row: Row) -> str:
    """The completion's status; `rejected` while the newest file stands rejected."""
    if row["status"] == "in_progress" and row["submission_status"] == "rejected":
        return "rejected"
    return row["status"] or "not_started"


def resource_reason(row: Row, obstacle: str | None, *, done: bool) -> str:
    """Whether it counts and how far it is, in one sentence."""
    if obstacle:
        return f"Does not count, because {_OBSTACLES[obstacle]}; {_how_far(row)}."
    return f"Counts, and is {'done' if done else 'not done yet'}: {_how_far(row)}."


def _how_far(row: Row) -> str:
    match resource_state(row):
        case "rejected":
            return f"attempt {row['attempt']} was rejected on {_day(row['reviewed_at'])}"
        case "submitted" if row["attempt"] is not None:
            return (
                f"attempt {row['attempt']} waits for review since {_day(row['handed_in_file_at'])}"
            )
        case "submitted":
            return "handed in, waiting for review"
        case "completed":
            return f"completed on {_day(row['completed_at'])}"
        case "reviewed":
            return f"passed by an instructor on {_day(row['completed_at'])}"
        case "in_progress":
            return f"in progress at {row['progress_percentage']} %{_what_completes(row)}"
        case _:
            return "not started"


def _what_completes(row: Row) -> str:
    if row["requires_upload"]:
        return ", no file waits for review"
    return ", the quiz is not passed" if row["type"] == "quiz" else ""


def module_sum(row: Row, absent: str | None, counted: int, done: int) -> str:
    """How the module's percentage comes about."""
    percentage, approved = row["module_percentage"], row["approval_status"] == "approved"
    if absent:
        return f"Does not count in the pathway, because {_MODULE_OBSTACLES[absent]}."
    if row["step"] == BY_HAND and approved:
        return f"Approved by hand, so 100 %; of its own, {done} of {counted} counted are done."
    if counted == 0:
        return (
            f"Nothing in it counts, so {percentage} % {'once' if approved else 'until'} approved."
        )
    cut = _cut(100 * done, counted)
    return f"{done} of {counted} counted are done: 100 × {done} / {counted} = {percentage} %{cut}."


def approval_sentence(row: Row, counted: int, done: int) -> str:
    """Why the module is approved, rejected, waiting or not handed in."""
    status = row["approval_status"]
    match row["step"]:
        case step if step == BY_HAND:
            who = row["module_reviewer"] or "an instructor"
            return f"{status.capitalize()} by hand by {who} on {_day(row['module_reviewed_at'])}."
        case step if step == AGAIN and status == "pending":
            return "Handed in again after a rejection by hand: waits for an instructor."
        case step if step == AGAIN:
            return "Handed in again after a rejection by hand, and the newest file is rejected."
        case step if step == BY_FIGURES and counted and done == counted:
            return "Approved: every counted resource is done."
        case step if step == BY_FIGURES:
            return "Stays approved: all that counted at its approval is done; more came since."
        case step if step == REJECTED_FILE:
            return "Rejected: the newest file of a counted resource is rejected."
        case step if step == WAITING:
            return "Handed in, not approved yet: waits for reviews."
        case _ if not counted:
            return "Not handed in: nothing in it counts, so the learner hands it in as a whole."
        case _:
            return "Not handed in: not every counted resource is handed in or done."


def pathway_sum(modules: Sequence[Document]) -> tuple[int, str]:
    """The pathway's percentage, and how it comes about from the modules that count."""
    figures: list[int] = [module["progress_percentage"] for module in modules]
    if not figures:
        return 0, "The pathway has no live module, so 0 %."
    mean = sum(figures) // len(figures)
    waiting = sum(module["approval_status"] != "approved" for module in modules)
    if mean == 100 and waiting:
        return (
            99,
            f"All modules show 100 %, but {waiting} of {len(figures)} wait for approval: 99 %.",
        )
    terms = " + ".join(map(str, figures))
    return mean, f"({terms}) / {len(figures)} = {mean} %{_cut(sum(figures), len(figures))}."


def _cut(total: int, parts: int) -> str:
    return ", rounded down" if total % parts else ""


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
