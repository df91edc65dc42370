"""A small bootcamp for roll-up tests: two pathways, two learners, two instructors."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from aibc.database.pool import Connection

LEARNERS = [UUID(int=1), UUID(int=2)]
STAFF = [UUID(int=11), UUID(int=12)]
PATHWAYS = ["alpha", "beta"]
MODULES = ["alpha-one", "alpha-two", "beta-one"]
WORD_RESOURCES = ["a1-video", "a2-article", "b1-video"]
FILE_RESOURCES = ["a1-exercise", "a1-project", "a2-exercise"]
RESOURCES = [*WORD_RESOURCES, *FILE_RESOURCES]
QUIZZES = ["a2-quiz", "b1-quiz"]

_CATALOG = """
INSERT INTO pathways (id, title, short_title) VALUES ('alpha', 'Alpha', 'A'), ('beta', 'Beta', 'B');
INSERT INTO modules (id, pathway_id, title) VALUES
    ('alpha-one', 'alpha', 'One'), ('alpha-two', 'alpha', 'Two'), ('beta-one', 'beta', 'One');
INSERT INTO resources (id, module_id, type, title, requires_upload) VALUES
    ('a1-video', 'alpha-one', 'video', 'Watch', false),
    ('a1-exercise', 'alpha-one', 'exercise', 'Try', true),
    ('a1-project', 'alpha-one', 'project', 'Build', true),
    ('a2-article', 'alpha-two', 'article', 'Read', false),
    ('a2-exercise', 'alpha-two', 'exercise', 'Try', true),
    ('b1-video', 'beta-one', 'video', 'Watch', false);
"""


async def build_world(connection: Connection) -> None:
    await connection.execute(_CATALOG)
    await connection.executemany(
        "INSERT INTO users (id, email, email_key, full_name, role) VALUES ($1, $2, $2, $3, $4)",
        [
            *(
                (user, f"learner{user.int}@example.org", "A learner", "student")
                for user in LEARNERS
            ),
            *((user, f"staff{user.int}@example.org", "A teacher", "instructor") for user in STAFF),
        ],
    )


async def add_quizzes(connection: Connection, *, required: bool) -> None:
    """A quiz of two attempts and one of any number, each with a question of either kind."""
    quiz = {
        "title": "Check",
        "passingScore": 60,
        "questions": [
            {
                "id": "q1",
                "type": "multiple-choice",
                "question": "Which?",
                "options": [
                    {"id": "a", "text": "This", "isCorrect": True},
                    {"id": "b", "text": "That", "isCorrect": False},
                ],
            },
            {
                "id": "q2",
                "type": "multiple-select",
                "question": "Which of these?",
                "points": 2,
                "options": [
                    {"id": "a", "text": "This", "isCorrect": True},
                    {"id": "b", "text": "That", "isCorrect": True},
                    {"id": "c", "text": "Neither", "isCorrect": False},
                ],
            },
        ],
    }
    limits: dict[str, dict[str, int]] = {"a2-quiz": {"maxAttempts": 2}, "b1-quiz": {}}
    for name, module in zip(QUIZZES, ("alpha-two", "beta-one"), strict=True):
        await connection.execute(
            "INSERT INTO resources (id, module_id, type, title, is_required, metadata)"
            " VALUES ($1, $2, 'quiz', 'Check', $3, $4)",
            name,
            module,
            required,
            json.dumps({**quiz, **limits[name]}),
        )


async def attempt(connection: Connection, user: UUID, quiz: str, answers: dict[str, Any]) -> None:
    await connection.execute(
        "SELECT learner_attempt_quiz($1, $2, $3, false)", user, quiz, json.dumps(answers)
    )


async def hand_in(connection: Connection, user: UUID, resource: str) -> UUID:
    """Finalise a file the way the service does, without its bytes. Returns the submission's id."""
    claim = await connection.fetchrow(
        "SELECT * FROM claim_upload($1, $2, 'multipart', 10, 1000000, 1000000000, 1000, '1 hour')",
        user,
        resource,
    )
    assert claim is not None
    upload = claim["upload_id"]
    await connection.execute(
        "SELECT claim_object_key($1, 'work.png', NULL, ARRAY[$2::text])",
        upload,
        f"{upload}/work.png",
    )
    submission: UUID = await connection.fetchval(
        "SELECT id FROM finalise_upload($1, $2, 10, 'image/png', NULL, 'AAAAAA==', $3, NULL)",
        user,
        upload,
        f"local://{upload}/work.png",
    )
    return submission


async def review(
    connection: Connection, reviewer: UUID, submission: UUID, status: str, *, change: bool = False
) -> None:
    comments = "Please add the missing part." if status == "rejected" else None
    await connection.execute(
        "SELECT review_submission($1, false, $2, $3, $4, $5)",
        reviewer,
        submission,
        status,
        comments,
        change,
    )
