"""Taking a quiz. The database grades, under the learner's lock, and refuses with RuleViolation."""

from __future__ import annotations

from uuid import UUID

from aibc.catalog.quiz import learner_view
from aibc.database.errors import blamed_on
from aibc.database.pool import Database
from aibc.database.queries import load_queries
from aibc.progress.documents import Document, Shape
from aibc.progress.errors import AttemptNotFound
from aibc.progress.quiz_schemas import AttemptRequest, AttemptResult, PastAttempt
from aibc.settings import QuizSettings

_QUERIES = load_queries(__package__, "quizzes.sql")
_ATTEMPT = _QUERIES["attempt_quiz"]
_ATTEMPTED_QUIZ = _QUERIES["read_attempted_quiz"]
_ATTEMPTS_LEFT = _QUERIES["read_attempts_left"]
_READ_ATTEMPTS = _QUERIES["read_quiz_attempts"]

_attempt_document = Shape(*AttemptResult.model_fields)
_past_attempt_document = Shape(*PastAttempt.model_fields)


async def attempt(
    database: Database,
    quizzes: QuizSettings,
    user_id: UUID,
    resource_id: str,
    request: AttemptRequest,
) -> Document:
    """Grade the answers and keep them; a pass completes the quiz."""
    client_graded = quizzes.grading == "client"
    with blamed_on("answers"):
        (row,) = await database.fetch(
            _ATTEMPT, user_id, resource_id, request.answers, client_graded
        )
    return _attempt_document(row)


async def history(
    database: Database, user_id: UUID, resource_id: str, before: int | None, limit: int
) -> list[Document]:
    """The learner's own attempts, newest first, from the one before the attempt `before`."""
    rows = await database.fetch(_READ_ATTEMPTS, user_id, resource_id, before, limit)
    return [_past_attempt_document(row) for row in rows]


async def attempts_left(database: Database, user_id: UUID, resource_id: str) -> int | None:
    """How many attempts the learner has left; None: as many as they like."""
    left: int | None = await database.fetch_value(_ATTEMPTS_LEFT, user_id, resource_id)
    return left


async def attempted_quiz(
    database: Database, user_id: UUID, resource_id: str, attempt_number: int
) -> Document:
    """The quiz of an attempt as it was then, without its key. Raises AttemptNotFound."""
    quiz = await database.fetch_value(_ATTEMPTED_QUIZ, user_id, resource_id, attempt_number)
    if quiz is None:
        raise AttemptNotFound
    return learner_view(quiz)
