"""Pathway health as pages and as files, on figures small enough to count by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from aibc.app import Application
from aibc.reviews import health
from fixtures.browsers import Visit
from fixtures.catalog import Connection, MakeSlug, MakeSubmission, MakeUser

HOSTILE = "=cmd|' /C calc'!A1<script>alert(1)</script>"
QUESTION = {
    "id": "q1",
    "question": "Is this <b>right</b>?",
    "type": "true-false",
    "options": [
        {"id": "a", "text": "True", "isCorrect": True},
        {"id": "b", "text": "False", "isCorrect": False},
    ],
    "explanation": "It is.",
}


@dataclass(frozen=True)
class Lived:
    """A pathway of an article, an exercise and a quiz, with three learners."""

    pathway: str
    exercise: str
    quiz: str
    quick: UUID
    quiet: UUID
    sent_back: UUID


@pytest.fixture
async def staff(visit: Visit, make_user: MakeUser) -> httpx.AsyncClient:
    return await visit(await make_user(role="instructor"))


@pytest.fixture
async def lived(
    connection: Connection,
    make_user: MakeUser,
    make_pathway: MakeSlug,
    make_module: MakeSlug,
    make_resource: MakeSlug,
    make_submission: MakeSubmission,
) -> Lived:
    pathway = await make_pathway(title=HOSTILE)
    module = await make_module(pathway, title="The only module")
    article = await make_resource(module, title="Read this")
    exercise = await make_resource(module, type="exercise", requires_upload=True, title=HOSTILE)
    quiz = await make_resource(module, type="quiz", metadata={"questions": [QUESTION]})
    reviewer = await make_user(role="instructor")
    quick, quiet, sent_back = [await make_user(full_name=HOSTILE) for _ in range(3)]
    for user in (quick, quiet, sent_back):
        await connection.execute("SELECT learner_start($1, $2, NULL)", user, article)
    await connection.execute("SELECT learner_complete($1, $2, false)", quick, article)
    submission = await make_submission(sent_back, exercise)
    await connection.execute(
        "SELECT review_submission($1, false, $2, 'rejected', 'Please try again.', false)",
        reviewer,
        submission,
    )
    await make_submission(quick, exercise)
    await connection.execute(
        "SELECT learner_attempt_quiz($1, $2, $3, false)", quick, quiz, '{"q1": "a"}'
    )
    await backdate(connection, quiet, submission)
    return Lived(pathway, exercise, quiz, quick, quiet, sent_back)


async def backdate(connection: Connection, quiet: UUID, submission: UUID) -> None:
    """A learner was last seen 20 days ago, and a submission was decided 15 days ago after 3 h."""
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            "UPDATE user_progress SET last_accessed_at = now() - interval '20 days' "
            "WHERE user_id = $1",
            quiet,
        )
        await connection.execute(
            "UPDATE resource_submissions SET reviewed_at = now() - interval '15 days', "
            "created_at = now() - interval '15 days 3 hours' WHERE id = $1",
            submission,
        )
        await connection.execute(
            "UPDATE submission_decisions SET created_at = now() - interval '15 days' "
            "WHERE submission_id = $1",
            submission,
        )


def rows_of(response: httpx.Response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].startswith("attachment; filename=")
    assert response.content.startswith(b"\xef\xbb\xbf")
    text = response.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_the_funnel_counts_who_started_handed_in_and_is_done(
    staff: httpx.AsyncClient, lived: Lived
) -> None:
    rows = rows_of(await staff.get(f"/health-of-pathways/{lived.pathway}/export/funnel"))
    figures = [(row["type"], row["started"], row["handed_in"], row["done"]) for row in rows]
    assert figures == [
        ("article", "3", "1", "1"),
        ("exercise", "2", "2", "0"),
        ("quiz", "1", "1", "1"),
    ]


async def test_stuck_are_the_quiet_and_those_who_did_not_try_again(
    staff: httpx.AsyncClient, lived: Lived, connection: Connection, make_submission: MakeSubmission
) -> None:
    path = f"/health-of-pathways/{lived.pathway}/export/stuck"
    rows = rows_of(await staff.get(path))
    assert [row["user_id"] for row in rows] == [str(lived.quiet), str(lived.sent_back)]
    assert [row["sent_back"] for row in rows] == ["0", "1"]
    assert rows_of(await staff.get(f"{path}?days=30")) == []
    # A new try is not stuck any more, and whoever is shut out cannot go on anyway.
    await make_submission(lived.sent_back, lived.exercise)
    await connection.execute(
        "UPDATE users SET account_status = 'suspended' WHERE id = $1", lived.quiet
    )
    assert rows_of(await staff.get(path)) == []
    page = await staff.get(f"/health-of-pathways/{lived.pathway}")
    assert "Nobody is stuck" in page.text


async def test_all_the_stuck_are_exported_however_many_batches_they_need(
    application: Application, lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "BATCH", 1)
    state = application.state.aibc
    pathway = (await state.catalog.current()).live_pathway(lived.pathway)
    batches = [one async for one in health.stuck_learners(state.database, pathway, 14)]
    assert [[row["user_id"] for row in batch] for batch in batches] == [
        [lived.quiet],
        [lived.sent_back],
    ]


async def test_waiting_times_are_those_of_the_decisions(
    staff: httpx.AsyncClient, lived: Lived
) -> None:
    rows = rows_of(await staff.get(f"/health-of-pathways/{lived.pathway}/export/waiting"))
    assert len(rows) == 9
    assert rows[0]["week"] == "last 30 days"
    assert rows[0]["decisions"] == "1"
    assert rows[0]["half_waited_hours"] == "3.00"
    assert sum(int(row["decisions"]) for row in rows[1:]) == 1
    everywhere = rows_of(await staff.get("/health-of-pathways/export/waiting"))
    assert everywhere == rows


async def test_the_pages_show_the_figures_and_hostile_titles_as_text(
    staff: httpx.AsyncClient, lived: Lived
) -> None:
    overview = await staff.get("/health-of-pathways")
    page = await staff.get(f"/health-of-pathways/{lived.pathway}")
    quiz = await staff.get(f"/health-of-pathways/{lived.pathway}/quizzes/{lived.quiz}")
    for shown in (overview, page, quiz):
        assert shown.status_code == 200
        assert "<script>alert" not in shown.text
        assert " style=" not in shown.text
    assert f'href="/learners/{lived.quiet}"' in page.text
    assert f'href="/learners/{lived.quick}"' not in page.text
    assert "1 of 1 (100 %)" in quiz.text
    assert "&lt;b&gt;right&lt;/b&gt;" in quiz.text


async def test_names_that_look_like_formulas_are_neutralised_in_every_file(
    staff: httpx.AsyncClient, lived: Lived
) -> None:
    base = f"/health-of-pathways/{lived.pathway}"
    files = ("/export/funnel", "/export/stuck", "/export/waiting", "/export/quizzes")
    paths = [*(base + file for file in files), "/health-of-pathways/export/pathways"]
    paths.append(f"{base}/quizzes/{lived.quiz}/export")
    found = 0
    for path in paths:
        for row in rows_of(await staff.get(path)):
            cells = list(row.values())
            assert not any(cell.startswith(("=", "@", "+", "\t", "\r")) for cell in cells), path
            found += sum(cell.startswith("'=cmd|") for cell in cells)
    assert found >= 4


async def test_what_is_not_there_is_said(staff: httpx.AsyncClient, lived: Lived) -> None:
    base = f"/health-of-pathways/{lived.pathway}"
    for path in (
        "/health-of-pathways/nothing",
        f"{base}/export/nothing",
        "/health-of-pathways/export/nothing",
        f"{base}/quizzes/nothing",
        f"{base}/quizzes/{lived.exercise}",
    ):
        assert (await staff.get(path)).status_code in (400, 404), path


async def test_a_pathway_that_nobody_has_begun_has_its_empty_states(
    staff: httpx.AsyncClient, make_pathway: Any, make_module: Any, make_resource: Any
) -> None:
    assert "There are no pathways" in (await staff.get("/health-of-pathways")).text
    pathway = await make_pathway()
    quiz = await make_resource(
        await make_module(pathway), type="quiz", metadata={"questions": [QUESTION]}
    )
    page = await staff.get(f"/health-of-pathways/{pathway}?days=5")
    assert "Nobody has begun this pathway" in page.text
    assert "Nothing was decided in eight weeks" in page.text
    assert '<option value="14" selected>' in page.text
    empty = await staff.get(f"/health-of-pathways/{pathway}/quizzes/{quiz}")
    assert "Nobody has taken this quiz" in empty.text
