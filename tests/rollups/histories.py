"""Every act that moves a roll-up, drawn at random: learners, instructors, editors, foreign SQL.

An act is a coroutine over a connection. What the product refuses (SQLSTATE ZBnnn) or the schema
forbids is a valid outcome: the figures have to be exact after it all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from aibc.database.pool import Connection
from rollups.world import (
    FILE_RESOURCES,
    LEARNERS,
    MODULES,
    PATHWAYS,
    QUIZZES,
    RESOURCES,
    STAFF,
    attempt,
    hand_in,
)


@dataclass(frozen=True)
class Act:
    """Something somebody does; its words tell a failing history."""

    words: str
    run: Callable[[Connection], Awaitable[Any]]

    def __repr__(self) -> str:
        return self.words


learners = st.sampled_from(LEARNERS)
staff = st.sampled_from(STAFF)
resources = st.sampled_from([*RESOURCES, *QUIZZES])
quizzes = st.sampled_from(QUIZZES)
answers = st.fixed_dictionaries(
    {}, optional={"q1": st.sampled_from(["a", "b"]), "q2": st.sampled_from([["a"], ["b", "a"], []])}
)
statuses = st.sampled_from(["in_progress", "submitted", "completed", "reviewed"])
modules = st.sampled_from(MODULES)


def _statement(query: str, *arguments: Any) -> Act:
    words = f"{query} {[str(argument) for argument in arguments]}"
    return Act(words, lambda connection: connection.execute(query, *arguments))


@st.composite
def learner_acts(draw: st.DrawFn) -> Act:
    user, resource = draw(learners), draw(resources)
    kind = draw(
        st.sampled_from(
            [
                "start",
                "report",
                "complete",
                "uncomplete",
                "file",
                "withdraw",
                "post",
                "quiz",
                "enter",
            ]
        )
    )
    match kind:
        case "start":
            return _statement("SELECT learner_start($1, $2, NULL)", user, resource)
        case "report":
            percentage, minutes = draw(st.integers(0, 100)), draw(st.integers(0, 500))
            return _statement(
                "SELECT learner_report($1, $2, $3, $4, $5, NULL, NULL, false)",
                user,
                resource,
                draw(st.one_of(st.none(), statuses)),
                percentage,
                minutes,
            )
        case "complete":
            return _statement("SELECT learner_complete($1, $2, false)", user, resource)
        case "uncomplete":
            return _statement("SELECT learner_uncomplete($1, $2)", user, resource)
        case "file":
            wanted = draw(st.sampled_from(FILE_RESOURCES))
            words = f"{user} hands in {wanted}"
            return Act(words, lambda connection: hand_in(connection, user, wanted))
        case "withdraw":
            return _statement(
                "SELECT withdraw_submission(user_id, id) FROM resource_submissions"
                " WHERE user_id = $1 AND submission_status = 'uploaded' AND deleted_at IS NULL"
                " ORDER BY sequence LIMIT 1",
                user,
            )
        case "quiz":
            quiz, given = draw(quizzes), draw(answers)
            words = f"{user} answers {quiz} with {given}"
            return Act(words, lambda connection: attempt(connection, user, quiz, given))
        case "enter":
            return _statement(
                "SELECT learner_enter_pathway($1, $2, NULL)", user, draw(st.sampled_from(PATHWAYS))
            )
        case _:
            module = draw(modules)
            return _statement(
                "SELECT learner_hand_in_module($1, pathway_id, id, $2) FROM modules WHERE id = $3",
                user,
                draw(st.one_of(st.none(), st.integers(0, 500))),
                module,
            )


@st.composite
def staff_acts(draw: st.DrawFn) -> Act:
    reviewer, user = draw(staff), draw(learners)
    status = draw(st.sampled_from(["approved", "rejected"]))
    kind = draw(
        st.sampled_from(
            ["review", "review", "change", "undo", "module", "module_undo", "grant", "regrade"]
        )
    )
    match kind:
        case "review":
            return _statement(
                "SELECT review_submission($1, false, id, $2, 'Because.', false)"
                " FROM resource_submissions WHERE submission_status = 'uploaded'"
                " AND user_id = $3 AND deleted_at IS NULL ORDER BY sequence LIMIT 1",
                reviewer,
                status,
                user,
            )
        case "change":
            return _statement(
                "SELECT review_submission($1, true, id, $2, $3, true) FROM resource_submissions"
                " WHERE submission_status IN ('approved', 'rejected') AND user_id = $4"
                " ORDER BY sequence DESC LIMIT 1",
                reviewer,
                status,
                draw(st.sampled_from(["Because.", "On second thoughts."])),
                user,
            )
        case "undo":
            return _statement(
                "SELECT undo_review($1, true, id) FROM resource_submissions"
                " WHERE submission_status IN ('approved', 'rejected') AND user_id = $2"
                " ORDER BY decided_sequence DESC LIMIT 1",
                reviewer,
                user,
            )
        case "module":
            return _statement(
                "SELECT decide_module($1, true, id, $2, 'Because.', true) FROM module_completions"
                " WHERE user_id = $3 ORDER BY completed_at LIMIT 1",
                reviewer,
                status,
                user,
            )
        case "grant":
            return _statement(
                "SELECT grant_quiz_attempt($1, $2, $3)", reviewer, user, draw(quizzes)
            )
        case "regrade":
            return _statement(
                "SELECT regrade_quiz($1, $2, $3)", reviewer, draw(quizzes), draw(st.booleans())
            )
        case _:
            return _statement(
                "SELECT undo_module_decision($1, true, id) FROM module_completions"
                " WHERE user_id = $2 AND decided_by_hand ORDER BY completed_at DESC LIMIT 1",
                reviewer,
                user,
            )


@st.composite
def editor_acts(draw: st.DrawFn) -> Act:
    table = draw(st.sampled_from(["resources", "resources", "quizzes", "modules", "pathways"]))
    rows = {
        "resources": [*RESOURCES, *QUIZZES],
        "quizzes": QUIZZES,
        "modules": MODULES,
        "pathways": PATHWAYS,
    }[table]
    row, flag = draw(st.sampled_from(rows)), draw(st.booleans())
    changes = {
        "resources": [
            "UPDATE resources SET is_required = $2 WHERE id = $1",
            "UPDATE resources SET is_published = $2 WHERE id = $1",
            "UPDATE resources SET removed_at = CASE WHEN $2 THEN now() END WHERE id = $1",
            "UPDATE resources SET module_id = CASE WHEN $2 THEN 'beta-one' ELSE 'alpha-one' END"
            " WHERE id = $1",
            "UPDATE resources SET requires_upload = $2"
            " WHERE id = $1 AND type IN ('exercise', 'project')",
        ],
        "quizzes": [
            "UPDATE resources SET metadata = jsonb_set(jsonb_set(metadata,"
            " '{questions,0,options,0,isCorrect}', to_jsonb($2::boolean)),"
            " '{questions,0,options,1,isCorrect}', to_jsonb(NOT $2::boolean)) WHERE id = $1",
            "UPDATE resources SET metadata = jsonb_set(metadata, '{passingScore}',"
            " CASE WHEN $2::boolean THEN '30'::jsonb ELSE '100' END) WHERE id = $1",
        ],
        "modules": [
            "UPDATE modules SET is_published = $2 WHERE id = $1",
            "UPDATE modules SET removed_at = CASE WHEN $2 THEN now() END WHERE id = $1",
            "UPDATE modules SET pathway_id = CASE WHEN $2 THEN 'beta' ELSE 'alpha' END"
            " WHERE id = $1",
            "INSERT INTO resources (id, module_id, type, title, is_required)"
            " VALUES (left(md5(random()::text), 12), $1, 'video', 'New', $2)",
            "INSERT INTO modules (id, pathway_id, title, is_published)"
            " SELECT left(md5(random()::text), 12), pathway_id, 'New', $2 FROM modules"
            " WHERE id = $1",
        ],
        "pathways": ["UPDATE pathways SET is_published = $2 WHERE id = $1"],
    }
    return _statement(draw(st.sampled_from(changes[table])), row, flag)


@st.composite
def foreign_acts(draw: st.DrawFn) -> Act:
    """What an operator might type into psql, straight into the tables."""
    user, resource, reviewer = draw(learners), draw(resources), draw(staff)
    status = draw(statuses)
    kind = draw(st.integers(0, 16))
    match kind:
        case 0:
            return _statement(
                "INSERT INTO resource_completions"
                " (user_id, resource_id, status, time_spent_minutes)"
                " VALUES ($1, $2, $3, 3) ON CONFLICT (user_id, resource_id)"
                " DO UPDATE SET status = excluded.status, time_spent_minutes = 4",
                user,
                resource,
                status,
            )
        case 1:
            return _statement("DELETE FROM resource_completions WHERE user_id = $1", user)
        case 2:
            return _statement(
                "UPDATE resource_completions SET status = $1 WHERE resource_id = $2",
                status,
                resource,
            )
        case 3:
            return _statement(
                "INSERT INTO resource_submissions (user_id, resource_id, file_name,"
                " file_size_bytes, file_type, crc32c, gcs_url) VALUES ($1, $2, 'work.txt', 1,"
                " 'text/plain', 'AAAAAA==', 'local://' || gen_random_uuid())",
                user,
                resource,
            )
        case 4:
            return _statement(
                "UPDATE resource_submissions SET submission_status = $1, reviewed_by = $2,"
                " review_comments = 'By hand.' WHERE user_id = $3"
                " AND submission_status <> 'superseded' AND deleted_at IS NULL",
                draw(st.sampled_from(["approved", "rejected"])),
                reviewer,
                user,
            )
        case 5:
            return _statement(
                "INSERT INTO module_decisions (user_id, pathway_id, module_id, kind,"
                " approval_status, decided_by, review_comments)"
                " SELECT $1, pathway_id, id, 'decided', $2, $3, 'By hand.' FROM modules"
                " WHERE id = $4",
                user,
                draw(st.sampled_from(["approved", "rejected"])),
                reviewer,
                draw(modules),
            )
        case 6:
            return _statement(
                "UPDATE user_progress SET progress_percentage = 77, completed_modules = 5,"
                " completed_at = now() WHERE user_id = $1",
                user,
            )
        case 7:
            return _statement(
                "UPDATE module_completions SET approval_status = 'approved', completed_at = now()"
            )
        case 8:
            return _statement(
                "UPDATE resource_submissions SET deleted_at = now() WHERE user_id = $1"
                " AND submission_status = 'uploaded' AND deleted_at IS NULL",
                user,
            )
        case 9:
            return _statement(
                "INSERT INTO resource_completions AS present"
                " (user_id, resource_id, status, time_spent_minutes)"
                " SELECT users.id, resources.id, $1, 10 FROM users CROSS JOIN resources"
                " WHERE users.role = 'student' ORDER BY resources.id DESC, users.id"
                " ON CONFLICT (user_id, resource_id) DO UPDATE"
                " SET time_spent_minutes = present.time_spent_minutes + 1",
                status,
            )
        case 10:
            return _statement("DELETE FROM module_completions WHERE user_id = $1", user)
        case 11:
            return _statement(
                "UPDATE resource_completions SET time_spent_minutes = $1 WHERE user_id = $2"
                " AND resource_id = $3",
                draw(st.integers(0, 500)),
                user,
                resource,
            )
        case 12:
            return _statement(
                "UPDATE resource_completions SET time_spent_minutes = time_spent_minutes / 2,"
                " last_accessed_at = clock_timestamp() - interval '1 day'"
            )
        case 13:
            return _statement(
                "UPDATE resource_completions SET time_spent_minutes = time_spent_minutes + 7,"
                " status = CASE resource_id WHEN $1 THEN $2 ELSE status END WHERE user_id = $3",
                resource,
                status,
                user,
            )
        case 14:
            return _statement(
                "MERGE INTO resource_completions AS present"
                " USING (SELECT $1::uuid AS user_id, id FROM resources) AS given"
                " ON present.user_id = given.user_id AND present.resource_id = given.id"
                " WHEN MATCHED AND given.id = $2 THEN UPDATE SET time_spent_minutes = 11"
                " WHEN MATCHED AND given.id = $4 THEN DELETE"
                " WHEN NOT MATCHED THEN INSERT (user_id, resource_id, status, time_spent_minutes)"
                " VALUES (given.user_id, given.id, $3, 2)",
                user,
                resource,
                status,
                draw(resources),
            )
        case 15:
            return _statement(
                "WITH lowered AS (UPDATE resource_completions SET time_spent_minutes = 1"
                " WHERE user_id = $1 AND resource_id = $2), gone AS ("
                " DELETE FROM module_progress WHERE user_id = $1)"
                " DELETE FROM resource_completions WHERE user_id = $1 AND resource_id = $3"
                " AND resource_id <> $2",
                user,
                resource,
                draw(resources),
            )
        case _:
            return _statement("DELETE FROM module_progress WHERE user_id = $1", user)


acts = st.one_of(learner_acts(), learner_acts(), staff_acts(), editor_acts(), foreign_acts())
