"""What an operator types straight into the tables: exact figures after it, or a refusal."""

from __future__ import annotations

import json
from uuid import UUID

import asyncpg
import pytest

from aibc.database.pool import Connection
from aibc.database.programs import find_programs
from rollups.recount import differences_seen_here
from rollups.world import LEARNERS, RESOURCES, STAFF, add_quizzes, attempt, hand_in, review

LEARNER = LEARNERS[0]
# A twentieth of what `make soak` does.
BULK = 1_000


async def test_the_recount_names_every_kind_of_wrong_figure(bootcamp: Connection) -> None:
    await add_quizzes(bootcamp, required=False)
    await attempt(bootcamp, LEARNER, "a2-quiz", {"q2": ["b", "a"]})
    for resource in RESOURCES:
        await bootcamp.execute(
            "INSERT INTO resource_completions (user_id, resource_id, status, time_spent_minutes)"
            " VALUES ($1, $2, 'completed', 5)",
            LEARNER,
            resource,
        )
    wrong = [
        "UPDATE user_progress SET progress_percentage = 1",
        "UPDATE user_progress SET completed_modules = 9",
        "UPDATE user_progress SET total_time_spent_minutes = 1",
        "UPDATE user_progress SET completed_at = NULL",
        "UPDATE module_progress SET progress_percentage = 1",
        "UPDATE module_completions SET approval_status = 'pending'",
        "UPDATE module_completions SET completed_at = now()",
        "DELETE FROM module_completions",
        "DELETE FROM resource_completions WHERE resource_id = 'a1-video'",
        "UPDATE resource_completions SET submission_count = 4",
        "UPDATE module_completions SET time_spent_minutes = 4",
        "UPDATE module_completions SET id = gen_random_uuid()",
        "DELETE FROM user_achievements WHERE achievement_id = 'first-step'",
        "DELETE FROM module_decisions WHERE kind = 'first_approved'",
        "UPDATE resource_completions SET metadata = '{}' WHERE resource_id = 'a2-quiz'",
        "UPDATE quiz_attempts SET score = 90",
    ]
    for statement in wrong:
        transaction = bootcamp.transaction()
        await transaction.start()
        await bootcamp.execute("SET LOCAL session_replication_role = replica")
        await bootcamp.execute(statement)
        await bootcamp.execute("SET LOCAL session_replication_role = origin")
        found = await differences_seen_here(bootcamp)
        await transaction.rollback()
        assert found, statement


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE user_progress SET progress_percentage = 3, completed_modules = 7",
        "UPDATE user_progress SET completed_at = now()",
        "UPDATE module_completions SET approval_status = 'rejected'",
        "DELETE FROM module_completions",
        "DELETE FROM module_progress",
        "UPDATE module_progress SET progress_percentage = 3",
        "DELETE FROM resource_completions",
        "UPDATE resource_completions SET status = 'in_progress'",
        "UPDATE resource_completions SET module_id = 'beta-one', pathway_id = 'beta'",
        "UPDATE resource_completions SET time_spent_minutes = 3",
        "UPDATE resource_completions SET time_spent_minutes = 0 WHERE resource_id = 'a1-video'",
        "UPDATE resource_completions SET id = gen_random_uuid(), time_spent_minutes = 4"
        " WHERE resource_id = 'a1-video'",
        "UPDATE resource_completions SET last_accessed_at = now() + interval '1 day'"
        " WHERE resource_id = 'a1-video'",
        "UPDATE resource_completions SET time_spent_minutes = time_spent_minutes + 1,"
        " status = CASE resource_id WHEN 'a1-video' THEN 'in_progress' ELSE status END",
        "WITH less AS (UPDATE resource_completions SET time_spent_minutes = 2"
        " WHERE resource_id = 'a1-video')"
        " DELETE FROM resource_completions WHERE resource_id <> 'a1-video'",
        "WITH less AS (UPDATE resource_completions SET time_spent_minutes = 2"
        " WHERE resource_id = 'a1-video')"
        " UPDATE user_progress SET total_time_spent_minutes = 1000",
        "WITH less AS (UPDATE resource_completions SET time_spent_minutes = 2"
        " WHERE resource_id = 'a1-video') DELETE FROM module_progress",
        "MERGE INTO resource_completions AS present USING users"
        " ON present.user_id = users.id AND present.resource_id = 'a1-video'"
        " WHEN MATCHED THEN UPDATE SET time_spent_minutes = 5"
        " WHEN NOT MATCHED THEN INSERT (user_id, resource_id, time_spent_minutes)"
        " VALUES (users.id, 'a1-video', 6)",
        "INSERT INTO resource_completions (user_id, resource_id, time_spent_minutes)"
        " SELECT user_id, unnest(ARRAY['a1-video', 'a2-article']), 9 FROM user_progress"
        " ON CONFLICT (user_id, resource_id) DO UPDATE SET time_spent_minutes = 8",
        "UPDATE resource_submissions SET submission_status = 'approved'",
        "UPDATE resource_submissions SET deleted_at = now()",
    ],
)
async def test_figures_are_exact_after_foreign_sql(bootcamp: Connection, statement: str) -> None:
    await bootcamp.execute("SELECT learner_complete($1, 'a1-video', false)", LEARNER)
    await bootcamp.execute("UPDATE resource_completions SET time_spent_minutes = 30")
    for resource in ("a1-exercise", "a1-project"):
        await hand_in(bootcamp, LEARNER, resource)
    await bootcamp.execute(statement)


def test_what_psql_writes_straight_into_the_tables_leaves_exact_figures(
    bootcamp: Connection, database_url: str
) -> None:
    find_programs().run(
        "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", database_url, text=TYPED_INTO_PSQL
    )


TYPED_INTO_PSQL = f"""
BEGIN;
INSERT INTO resource_completions (user_id, resource_id, status, time_spent_minutes)
    SELECT users.id, resources.id, 'completed', 7 FROM users CROSS JOIN resources
    WHERE users.role = 'student' ON CONFLICT DO NOTHING;
UPDATE user_progress SET progress_percentage = 3, total_time_spent_minutes = 0;
COMMIT;
COPY resource_submissions (user_id, resource_id, file_name, file_size_bytes, file_type, crc32c,
    gcs_url) FROM stdin;
{LEARNER}\ta1-exercise\twork.txt\t1\ttext/plain\tAAAAAA==\tlocal://by/hand.txt
\\.
UPDATE resource_submissions SET submission_status = 'rejected', review_comments = 'Again.';
UPDATE resources SET module_id = 'beta-one' WHERE id = 'a2-article';
DELETE FROM resource_completions WHERE resource_id = 'a1-video';
UPDATE module_completions SET approval_status = 'approved';
"""


async def test_a_record_made_anew_knows_the_attempts_made_before_it(bootcamp: Connection) -> None:
    await add_quizzes(bootcamp, required=True)
    await attempt(bootcamp, LEARNER, "a2-quiz", {"q1": "a"})
    await bootcamp.execute("DELETE FROM resource_completions")
    await bootcamp.execute("SELECT learner_start($1, 'a2-quiz', NULL)", LEARNER)
    metadata = await bootcamp.fetchval("SELECT metadata FROM resource_completions")
    assert json.loads(metadata) == {
        "quiz_score": 33,
        "quiz_passed": False,
        "quiz_attempts": 1,
        "selected_answers": {"q1": "a"},
    }


async def test_a_record_made_anew_knows_the_submissions_made_before_it(
    bootcamp: Connection,
) -> None:
    await hand_in(bootcamp, LEARNER, "a1-exercise")
    await bootcamp.execute("DELETE FROM resource_completions")
    await bootcamp.execute("SELECT learner_start($1, 'a1-exercise', NULL)", LEARNER)
    assert await bootcamp.fetchval("SELECT submission_count FROM resource_completions") == 1


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM resource_submissions", "kept for ever"),
        ("TRUNCATE resource_submissions CASCADE", "kept for ever"),
        ("DELETE FROM submission_decisions", "kept for ever"),
        ("UPDATE submission_decisions SET grade = 'pass'", "never changed"),
        ("DELETE FROM module_decisions", "kept for ever"),
        ("UPDATE module_decisions SET approval_status = 'approved'", "never changed"),
        ("DELETE FROM user_progress", "kept for ever"),
        ("DELETE FROM audit_log", "kept for ever"),
        ("UPDATE audit_log SET action = 'nothing'", "never changed"),
        ("UPDATE resource_submissions SET file_name = 'other.png'", "cannot be changed"),
        ("UPDATE resource_submissions SET submission_status = 'superseded'", "cannot become"),
        ("UPDATE resource_completions SET user_id = gen_random_uuid()", "stays with its learner"),
    ],
)
async def test_the_database_refuses_what_must_never_happen(
    bootcamp: Connection, statement: str, words: str
) -> None:
    submission = await hand_in(bootcamp, LEARNER, "a1-exercise")
    await review(bootcamp, STAFF[0], submission, "rejected")
    with pytest.raises(asyncpg.PostgresError, match=words):
        await bootcamp.execute(statement)


async def test_nobody_decides_on_their_own_work_even_by_sql(bootcamp: Connection) -> None:
    submission = await hand_in(bootcamp, LEARNER, "a1-exercise")
    with pytest.raises(asyncpg.CheckViolationError, match="own_work"):
        await bootcamp.execute(
            "UPDATE resource_submissions SET submission_status = 'approved', reviewed_by = user_id"
        )
    with pytest.raises(asyncpg.PostgresError, match="Nobody reviews their own work"):
        await review(bootcamp, LEARNER, submission, "approved")
    with pytest.raises(asyncpg.CheckViolationError, match="own_work"):
        await bootcamp.execute(
            "INSERT INTO module_decisions (user_id, pathway_id, module_id, kind, approval_status,"
            " decided_by) VALUES ($1, 'alpha', 'alpha-one', 'decided', 'approved', $1)",
            LEARNER,
        )


async def test_a_second_waiting_submission_of_one_resource_is_refused_by_the_index(
    bootcamp: Connection,
) -> None:
    await hand_in(bootcamp, LEARNER, "a1-exercise")
    with pytest.raises(asyncpg.UniqueViolationError, match="one_waiting"):
        await bootcamp.execute(
            "INSERT INTO resource_submissions (user_id, resource_id, file_name, file_size_bytes,"
            " file_type, crc32c, gcs_url) VALUES ($1, 'a1-exercise', 'b.png', 1, 'image/png',"
            " 'AAAAAA==', 'local://another/key.png')",
            LEARNER,
        )


async def make_learners(connection: Connection, count: int) -> list[UUID]:
    users = [UUID(int=1000 + number) for number in range(count)]
    await connection.execute(
        "INSERT INTO users (id, email, email_key, full_name)"
        " SELECT id, id || '@example.org', id || '@example.org', 'Imported'"
        " FROM unnest($1::uuid[]) AS given (id)",
        users,
    )
    return users


IMPORT = (
    "INSERT INTO resource_completions (user_id, resource_id, status, time_spent_minutes)"
    " SELECT u, r, 'completed', 5 FROM unnest($1::uuid[]) AS u, unnest($2::text[]) AS r"
)


async def test_a_bulk_import_is_exact(bootcamp: Connection) -> None:
    users = await make_learners(bootcamp, BULK)
    await bootcamp.execute(IMPORT, users, RESOURCES)
    rows = await bootcamp.fetchval("SELECT count(*) FROM module_completions")
    assert rows == BULK * 3


async def test_a_curriculum_change_over_many_learners_in_one_transaction_is_exact(
    bootcamp: Connection,
) -> None:
    users = await make_learners(bootcamp, BULK)
    await bootcamp.execute(IMPORT, users, RESOURCES)
    async with bootcamp.transaction():
        await bootcamp.execute("UPDATE resources SET is_required = false WHERE id = 'a1-video'")
        await bootcamp.execute(
            "UPDATE resources SET module_id = 'beta-one' WHERE id = 'a2-article'"
        )
        await bootcamp.execute("UPDATE modules SET pathway_id = 'beta' WHERE id = 'alpha-two'")
        await bootcamp.execute(
            "INSERT INTO resources (id, module_id, type, title)"
            " VALUES ('late', 'alpha-one', 'video', 'Late')"
        )
