"""Random reports, completions and un-completions against the rules written a second time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aibc.database.errors import RuleViolation
from aibc.database.pool import Database
from aibc.progress import service
from aibc.progress.documents import Document
from aibc.progress.schemas import ReportRequest
from aibc.settings import QuizSettings
from fixtures.catalog import Connection, add_user
from progress.conftest import Course
from rollups.recount import differences

Step: TypeAlias = tuple[str, str, dict[str, Any]]

KINDS = ("video", "article", "exercise", "quiz", "project", "last")
RANKS = ("not_started", "in_progress", "submitted", "completed", "reviewed")

bodies = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(RANKS),
        "progress_percentage": st.integers(0, 100) | st.just(100),
        "time_spent_minutes": st.integers(0, 100_000),
    },
)
steps = st.tuples(
    st.sampled_from(["start", "report", "complete", "uncomplete"]), st.sampled_from(KINDS), bodies
)


@dataclass
class Record:
    status: str = "in_progress"
    percentage: int = 0
    minutes: int = 0


class Learner:
    """What a learner's records have to say, by the rules alone."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}

    def step(self, act: str, kind: str, body: dict[str, Any]) -> int:
        """Do it; returns 200 or the status of the refusal."""
        if act == "report":
            return self._report(kind, body)
        if act == "complete":
            return self._report(kind, {"status": "completed"})
        if act == "uncomplete":
            return self._uncomplete(kind)
        self.records.setdefault(kind, Record())
        return 200

    def _report(self, kind: str, body: dict[str, Any]) -> int:
        record = self.records.get(kind, Record("not_started"))
        by_word = kind not in ("quiz", "project")
        wanted = body.get("status", "not_started")
        others_decide = wanted in ("submitted", "reviewed") or (
            wanted == "completed" and not by_word
        )
        if others_decide and RANKS.index(wanted) > RANKS.index(record.status):
            return 409
        done = record.status == "completed"
        done = done or (
            by_word and (wanted == "completed" or body.get("progress_percentage") == 100)
        )
        percentage = max(record.percentage, body.get("progress_percentage", 0))
        self.records[kind] = Record(
            status="completed" if done else "in_progress",
            percentage=100 if done else min(percentage, 99),
            minutes=max(record.minutes, body.get("time_spent_minutes", 0)),
        )
        return 200

    def _uncomplete(self, kind: str) -> int:
        record = self.records.get(kind)
        if kind not in ("video", "article", "last") or not record or record.status != "completed":
            return 400
        if kind == "last":  # alone in its module, which is handed in and approved with it
            return 403
        record.status, record.percentage = "in_progress", 0
        return 200

    def figures(self, kind: str) -> tuple[int, bool, int]:
        """Of its module: percentage, whether handed in; and the percentage of the pathway."""
        done = {name for name, record in self.records.items() if record.status == "completed"}
        first = 100 * len(done - {"last"}) // 5
        second = 100 if "last" in done else 0
        own = (second, second == 100) if kind == "last" else (first, False)
        return *own, (first + second) // 2


class Service:
    """The same acts on the real functions."""

    def __init__(self, database: Database, course: Course, user_id: Any) -> None:
        self._database = database
        self._course = course
        self._user_id = user_id

    async def step(self, act: str, kind: str, body: dict[str, Any]) -> tuple[int, Document]:
        try:
            return 200, await self._done(act, getattr(self._course, kind), body)
        except RuleViolation as refusal:
            return refusal.status, {}

    async def _done(self, act: str, resource: str, body: dict[str, Any]) -> Document:
        quizzes = QuizSettings()
        if act == "start":
            return await service.start(self._database, self._user_id, resource, None)
        if act == "report":
            sent = ReportRequest(**body)
            return await service.report(self._database, quizzes, self._user_id, resource, sent)
        if act == "complete":
            return await service.complete(self._database, quizzes, self._user_id, resource)
        return await service.uncomplete(self._database, self._user_id, resource)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(steps, min_size=1, max_size=20))
async def test_any_history_of_reports_ends_as_the_rules_say(
    history: list[Step], database: Database, course: Course, connection: Connection
) -> None:
    learner, real = Learner(), Service(database, course, await add_user(connection))
    for act, kind, body in history:
        expected = learner.step(act, kind, body)
        status, document = await real.step(act, kind, body)
        assert status == expected, (act, kind, body)
        if status == 200:
            assert_agrees(learner, kind, document)
    assert await differences(connection) == []


def assert_agrees(learner: Learner, kind: str, document: Document) -> None:
    record = learner.records[kind]
    assert document["status"] == record.status
    assert document["progress_percentage"] == record.percentage
    assert document["time_spent_minutes"] == record.minutes
    assert (document["completed_at"] is not None) == (record.status == "completed")
    if "pathway_progress" in document:
        figures = ("module_progress", "module_completed", "pathway_progress")
        assert tuple(document[name] for name in figures) == learner.figures(kind)
