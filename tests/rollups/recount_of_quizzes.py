"""Grading a second time, in Python: each attempt by its snapshot, and what a record says of it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aibc.database.pool import Connection, Record


@dataclass
class Quizzes:
    """What each learner's record on a quiz has to hold, and the attempts graded otherwise."""

    records: dict[tuple[UUID, str], dict[str, Any]] = field(default_factory=dict)
    wrongly_graded: list[str] = field(default_factory=list)


async def load_quizzes(connection: Connection) -> Quizzes:
    snapshots = {
        row["id"]: json.loads(row["quiz"])
        for row in await connection.fetch("SELECT id, quiz FROM quiz_snapshots")
    }
    regrades: dict[UUID, list[Record]] = defaultdict(list)
    for row in await connection.fetch("SELECT * FROM quiz_regrades ORDER BY sequence"):
        regrades[row["attempt_id"]].append(row)
    attempts: dict[tuple[UUID, str], list[Record]] = defaultdict(list)
    quizzes = Quizzes()
    for row in await connection.fetch("SELECT * FROM quiz_attempts ORDER BY attempt"):
        attempts[row["user_id"], row["resource_id"]].append(row)
        for graded in (row, *regrades[row["id"]]):
            expected = grade(snapshots[graded["snapshot_id"]], json.loads(row["answers"]))
            stored = {name: graded[name] for name in expected}
            if stored != expected:
                quizzes.wrongly_graded.append(f"{row['id']}: {stored} stored, {expected} true")
    for key, rows in attempts.items():
        quizzes.records[key] = _record(rows, regrades)
    return quizzes


def grade(quiz: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """All or nothing per question, blank is wrong; passed by points in whole numbers."""
    earned = possible = 0
    correct = []
    for question in quiz["questions"]:
        points = question.get("points", 1)
        right = {option["id"] for option in question["options"] if option["isCorrect"]}
        answer = answers.get(question["id"]) or []
        chosen = {answer} if isinstance(answer, str) else set(answer)
        possible += points
        if right and chosen == right:
            earned += points
            correct.append(question["id"])
    passing_score = quiz.get("passingScore", 70)
    return {
        "score": 100 * earned // possible,
        "passing_score": passing_score,
        "passed": 100 * earned >= passing_score * possible,
        "correct_questions": correct,
        "total": len(quiz["questions"]),
    }


def _record(attempts: list[Record], regrades: dict[UUID, list[Record]]) -> dict[str, Any]:
    standing = [regrades[row["id"]][-1] if regrades[row["id"]] else row for row in attempts]
    record: dict[str, Any] = {
        "quiz_score": max(row["score"] for row in standing),
        "quiz_passed": any(row["passed"] for row in standing),
        "quiz_attempts": len(attempts),
        "selected_answers": json.loads(attempts[-1]["answers"]),
    }
    passes = [moment for row in attempts if (moment := _passed_at(row, regrades[row["id"]]))]
    if passes:
        record["quiz_completed_at"] = f"{min(passes).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    return record


def _passed_at(attempt: Record, regrades: list[Record]) -> datetime | None:
    moments: list[datetime] = []
    if attempt["passed"]:
        moments = [attempt["submitted_at"]]
    elif regrades and regrades[-1]["passed"]:
        moments = [row["created_at"] for row in regrades if row["passed"]]
    return min(moments, default=None)
