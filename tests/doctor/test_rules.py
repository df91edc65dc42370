"""Migrations, switches and rules: what a restore or a hasty hand can break is named."""

from __future__ import annotations

import pytest

from aibc.database.pool import Connection
from aibc.doctor.rules import SENTENCES
from aibc.doctor.scope import Scope
from doctor.conftest import Doctor, corrupt
from rollups.world import LEARNERS, STAFF

ADA, BOB = LEARNERS
_COPY = (
    "INSERT INTO resource_submissions (user_id, resource_id, attempt, file_name, file_size_bytes,"
    " file_type, crc32c, gcs_url, submission_status) SELECT user_id, resource_id, {attempt},"
    " file_name, file_size_bytes, file_type, crc32c, gcs_url || '-2', 'uploaded'"
    " FROM resource_submissions WHERE submission_status = 'uploaded'"
)

# Constraints that stand in the way are dropped first, as a broken restore would leave them out.
BROKEN = [
    (
        "owner_missing",
        [],
        "UPDATE resource_completions SET user_id = gen_random_uuid()"
        " WHERE resource_id = 'b1-video'",
    ),
    (
        "resource_missing",
        [],
        "UPDATE resource_completions SET resource_id = 'gone' WHERE resource_id = 'b1-video'",
    ),
    ("two_waiting", ["DROP INDEX resource_submissions_one_waiting"], _COPY.format(attempt=9)),
    (
        "attempt_twice",
        [
            "DROP INDEX resource_submissions_one_waiting",
            "ALTER TABLE resource_submissions DROP CONSTRAINT resource_submissions_attempt",
        ],
        _COPY.format(attempt="attempt"),
    ),
    (
        "own_work",
        ["ALTER TABLE resource_submissions DROP CONSTRAINT resource_submissions_own_work"],
        "UPDATE resource_submissions SET reviewed_by = user_id"
        " WHERE submission_status = 'approved'",
    ),
    (
        "decision_incomplete",
        [],
        "UPDATE resource_submissions SET decided_sequence = NULL"
        " WHERE submission_status = 'approved'",
    ),
    ("decision_unrecorded", [], "DELETE FROM submission_decisions"),
    (
        "superseded_by_nothing",
        [],
        "UPDATE resource_submissions SET submission_status = 'superseded'"
        " WHERE submission_status = 'uploaded'",
    ),
    (
        "completion_contradicts_itself",
        ["ALTER TABLE resource_completions DROP CONSTRAINT resource_completions_percentage"],
        "UPDATE resource_completions SET progress_percentage = 30 WHERE status = 'completed'",
    ),
    (
        "completion_behind_file",
        [],
        "UPDATE resource_completions SET status = 'in_progress', progress_percentage = 50,"
        " completed_at = NULL WHERE resource_id = 'a1-exercise'",
    ),
]


@pytest.mark.parametrize(("rule", "before", "statement"), BROKEN, ids=[row[0] for row in BROKEN])
async def test_a_broken_rule_is_named(
    bootcamp: Connection, doctor: Doctor, rule: str, before: list[str], statement: str
) -> None:
    for preparation in before:
        await bootcamp.execute(preparation)
    await corrupt(bootcamp, statement)
    found = [finding for finding in (await doctor()).wrong.kept if finding.code == rule]
    assert found
    assert all(finding.user_id for finding in found)


def test_every_rule_is_broken_once_above() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(SENTENCES)


async def test_broken_rules_of_others_are_not_named_when_narrowed(
    bootcamp: Connection, doctor: Doctor
) -> None:
    await corrupt(bootcamp, "DELETE FROM submission_decisions")
    assert {one.user_id for one in (await doctor()).wrong.kept} == {ADA, BOB}
    assert {one.user_id for one in (await doctor(scope=Scope(BOB))).wrong.kept} == {BOB}
    assert (await doctor(scope=Scope(BOB, "beta"))).healthy


@pytest.mark.parametrize(
    ("code", "subject", "statement"),
    [
        (
            "trigger_off",
            "resource_completions.resource_completions_updated",
            "ALTER TABLE resource_completions DISABLE TRIGGER resource_completions_updated",
        ),
        (
            "constraint_off",
            "users.users_new_check",
            "ALTER TABLE users ADD CONSTRAINT users_new_check CHECK (full_name <> 'X') NOT VALID",
        ),
        (
            "index_off",
            "users.users_newest",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'users_newest'::regclass",
        ),
    ],
)
async def test_what_is_switched_off_is_named(
    bootcamp: Connection, doctor: Doctor, code: str, subject: str, statement: str
) -> None:
    await bootcamp.execute(statement)
    assert [(one.code, one.subject) for one in (await doctor()).wrong.kept] == [(code, subject)]


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        ("migration_pending", "DELETE FROM schema_migrations WHERE version = '004_reviews'"),
        ("migration_unknown", "INSERT INTO schema_migrations (version) VALUES ('999_future')"),
        ("migration_pending", "DROP TABLE schema_migrations"),
    ],
)
async def test_migrations_that_do_not_match_the_program_stop_the_examination(
    bootcamp: Connection, doctor: Doctor, code: str, statement: str
) -> None:
    await bootcamp.execute(statement)
    report = await doctor()
    assert {finding.code for finding in report.wrong.kept} == {code}
    assert report.learners == 0


async def test_uploads_under_way_are_no_difference_and_forgotten_ones_are_noted(
    bootcamp: Connection, doctor: Doctor
) -> None:
    await bootcamp.execute(
        "SELECT claim_upload($1, 'a1-project', 'multipart', 10, 1000, 1000000000, 1000, '1 hour')",
        BOB,
    )
    report = await doctor()
    assert report.healthy
    assert report.notices == ["Uploads under way, which is no difference: 1."]
    await bootcamp.execute(
        "UPDATE uploads SET expires_at = now() - interval '1 day' WHERE state = 'claimed'"
    )
    report = await doctor()
    assert report.healthy
    assert len(report.notices) == 1
    assert "`aibc sweep`" in report.notices[0]


async def test_a_module_that_its_own_learner_decided_is_named(
    bootcamp: Connection, doctor: Doctor
) -> None:
    await bootcamp.execute("ALTER TABLE module_decisions DROP CONSTRAINT module_decisions_own_work")
    await corrupt(
        bootcamp,
        "UPDATE module_decisions SET decided_by = user_id WHERE decided_by = $1",
        STAFF[1],
    )
    assert "own_work" in {one.code for one in (await doctor()).wrong.kept}
