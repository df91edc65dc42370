"""Every kind of wrong figure is named and mended; right ones are left alone, whoever writes."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from aibc.database.pool import Connection
from aibc.doctor.figures import WORDS
from aibc.doctor.scope import Scope
from doctor.conftest import REPAIR, Doctor, corrupt
from rollups.recount import differences
from rollups.world import LEARNERS

ADA, BOB = LEARNERS

WRONG = [
    ("pathway_percentage", "UPDATE user_progress SET progress_percentage = 61"),
    ("pathway_modules", "UPDATE user_progress SET completed_modules = 9"),
    ("pathway_minutes", "UPDATE user_progress SET total_time_spent_minutes = 7"),
    ("pathway_last_accessed_at", "UPDATE user_progress SET last_accessed_at = '2020-01-01'"),
    ("pathway_completed_at", "UPDATE user_progress SET completed_at = '2020-01-01'"),
    ("pathway_completed_at", "UPDATE user_progress SET completed_at = NULL"),
    ("pathway_row", "DELETE FROM user_progress WHERE pathway_id = 'alpha'"),
    ("pathway_first_completed", "DELETE FROM module_decisions WHERE kind = 'pathway_completed'"),
    ("module_percentage", "UPDATE module_progress SET progress_percentage = 17"),
    ("module_percentage", "DELETE FROM module_progress WHERE module_id = 'alpha-one'"),
    ("module_percentage_pathway", "UPDATE module_progress SET pathway_id = 'elsewhere'"),
    ("module_approval", "UPDATE module_completions SET approval_status = 'pending'"),
    ("module_approval", "DELETE FROM module_completions"),
    ("module_row_id", "UPDATE module_completions SET id = gen_random_uuid()"),
    ("module_row_pathway", "UPDATE module_completions SET pathway_id = 'elsewhere'"),
    ("module_handed_in_at", "UPDATE module_completions SET completed_at = '2020-01-01'"),
    ("module_minutes", "UPDATE module_completions SET time_spent_minutes = 12345"),
    ("module_by_hand", "UPDATE module_completions SET decided_by_hand = NOT decided_by_hand"),
    (
        "module_reviewer",
        "UPDATE module_completions SET reviewed_by = NULL WHERE reviewed_by IS NOT NULL",
    ),
    ("module_reviewed_at", "UPDATE module_completions SET reviewed_at = '2020-01-01'"),
    ("module_comments", "UPDATE module_completions SET review_comments = 'Bravo.'"),
    ("module_history", "DELETE FROM module_decisions WHERE kind = 'automatic'"),
    ("module_first_approved", "DELETE FROM module_decisions WHERE kind = 'first_approved'"),
    ("completion_module", "UPDATE resource_completions SET module_id = 'beta-one'"),
    (
        "completion_pathway",
        "UPDATE resource_completions SET pathway_id = 'beta' WHERE pathway_id = 'alpha'",
    ),
    ("submission_count", "UPDATE resource_completions SET submission_count = 4"),
    ("completion", "DELETE FROM resource_completions WHERE resource_id = 'a1-exercise'"),
    ("quiz_record", "UPDATE resource_completions SET metadata = '{\"quiz_score\": 12}'"),
    ("quiz_completion", "DELETE FROM resource_completions WHERE resource_id = 'a2-quiz'"),
]


async def test_right_figures_are_no_news(bootcamp: Connection, doctor: Doctor) -> None:
    report = await doctor()
    assert report.healthy
    assert report.wrong.kept == []
    assert report.learners == await bootcamp.fetchval("SELECT count(*) FROM users")


@pytest.mark.parametrize(("code", "statement"), WRONG, ids=[statement for _, statement in WRONG])
async def test_a_wrong_figure_is_named_and_mended_for_good(
    bootcamp: Connection, doctor: Doctor, code: str, statement: str
) -> None:
    await corrupt(bootcamp, statement)
    named = await doctor()
    assert code in {finding.code for finding in named.wrong.kept}
    assert named.mended.total == 0
    mended = await doctor(REPAIR)
    assert mended.healthy, mended.wrong.kept
    assert mended.mended.kept == named.wrong.kept
    again = await doctor(REPAIR)
    assert (again.wrong.total, again.mended.total) == (0, 0)
    assert await differences(bootcamp) == []


def test_every_figure_has_a_corruption_and_words() -> None:
    assert {code for code, _ in WRONG} == set(WORDS)


async def test_a_finding_says_who_where_what_is_stored_and_what_is_true(
    bootcamp: Connection, doctor: Doctor
) -> None:
    await corrupt(
        bootcamp,
        "UPDATE module_progress SET progress_percentage = 17"
        " WHERE user_id = $1 AND module_id = 'alpha-one'",
        ADA,
    )
    await corrupt(
        bootcamp, "UPDATE user_progress SET completed_modules = 9 WHERE user_id = $1", BOB
    )
    report = await doctor()
    assert [finding.sentence for finding in report.wrong.kept] == [
        "learner1@example.org, module alpha-one of alpha: percentage is 17 stored, 100 is true.",
        "learner2@example.org, pathway alpha: number of approved modules is 9 stored, 0 is true.",
        "learner2@example.org, pathway beta: number of approved modules is 9 stored, 0 is true.",
    ]
    assert report.wrong.kept[0].document() == {
        "code": "module_percentage",
        "sentence": report.wrong.kept[0].sentence,
        "user_id": str(ADA),
        "user_email": "learner1@example.org",
        "pathway_id": "alpha",
        "module_id": "alpha-one",
        "stored": "17",
        "truth": "100",
    }


async def test_only_the_learner_and_the_pathway_asked_for_are_looked_at_and_mended(
    bootcamp: Connection, doctor: Doctor
) -> None:
    await corrupt(bootcamp, "UPDATE user_progress SET progress_percentage = 61")
    narrow = Scope(BOB, "beta")
    seen = (await doctor(scope=narrow)).wrong.kept
    assert {(one.user_id, one.pathway_id) for one in seen} == {(BOB, "beta")}
    assert (await doctor(REPAIR, narrow)).mended.total == len(seen) == 1
    everywhere = {(one.user_id, one.pathway_id) for one in (await doctor()).wrong.kept}
    assert everywhere == {(ADA, "alpha"), (ADA, "beta"), (BOB, "alpha")}
    assert (await doctor(scope=Scope(None, "beta"))).wrong.total == 1
    assert (await doctor(scope=Scope(ADA))).wrong.total == 2


async def test_a_repair_leaves_what_people_did_as_it_was(
    bootcamp: Connection, doctor: Doctor
) -> None:
    async def sources() -> list[list[asyncpg.Record]]:
        return [
            await bootcamp.fetch("SELECT * FROM resource_submissions ORDER BY id"),
            await bootcamp.fetch("SELECT * FROM submission_decisions ORDER BY sequence"),
            await bootcamp.fetch(
                "SELECT * FROM module_decisions WHERE kind IN ('decided', 'handed_in')"
                " ORDER BY sequence"
            ),
            await bootcamp.fetch(
                "SELECT id, status, progress_percentage, time_spent_minutes, completed_at, notes"
                " FROM resource_completions ORDER BY id"
            ),
        ]

    before = await sources()
    await corrupt(bootcamp, "UPDATE resource_completions SET submission_count = 4")
    await corrupt(bootcamp, "UPDATE user_progress SET progress_percentage = 61")
    await corrupt(bootcamp, "UPDATE module_completions SET approval_status = 'rejected'")
    assert (await doctor(REPAIR)).healthy
    assert await sources() == before


async def test_an_achievement_that_was_not_awarded_is_named_and_awarded(
    bootcamp: Connection, doctor: Doctor
) -> None:
    await corrupt(
        bootcamp,
        "DELETE FROM user_achievements WHERE user_id = $1 AND achievement_id = 'first-hand-in'",
        BOB,
    )
    named = await doctor()
    assert [finding.sentence for finding in named.wrong.kept] == [
        "learner2@example.org: the achievement “Out of the drawer” was earned and not awarded."
    ]
    assert (await doctor(REPAIR)).mended.kept == named.wrong.kept
    assert (await doctor()).healthy


async def test_a_figure_that_is_wrong_earns_no_achievement(
    bootcamp: Connection, doctor: Doctor
) -> None:
    await corrupt(bootcamp, "UPDATE user_progress SET completed_modules = 90")
    before = await bootcamp.fetch("SELECT * FROM user_achievements ORDER BY 1, 2")
    report = await doctor(REPAIR)
    assert {finding.code for finding in report.mended.kept} == {"pathway_modules"}
    assert await bootcamp.fetch("SELECT * FROM user_achievements ORDER BY 1, 2") == before


async def test_a_learner_who_cannot_be_mended_is_reported_and_the_others_are_mended(
    bootcamp: Connection, doctor: Doctor
) -> None:
    await corrupt(
        bootcamp, "UPDATE resource_completions SET pathway_id = 'gone' WHERE user_id = $1", ADA
    )
    await corrupt(
        bootcamp, "UPDATE user_progress SET progress_percentage = 61 WHERE user_id = $1", BOB
    )
    report = await doctor(REPAIR)
    assert {finding.user_id for finding in report.wrong.kept} == {ADA}
    assert {finding.user_id for finding in report.mended.kept} == {BOB}
    assert any("could not be mended" in notice for notice in report.notices)


async def test_learners_who_write_all_the_time_make_no_difference(
    bootcamp: Connection, doctor: Doctor, database_url: str
) -> None:
    stop = asyncio.Event()
    written = 0

    async def write(user: object) -> None:
        nonlocal written
        connection = await asyncpg.connect(database_url)
        try:
            while not stop.is_set():
                await connection.execute("SELECT learner_complete($1, 'a1-video', false)", user)
                await connection.execute(
                    "UPDATE resource_completions SET time_spent_minutes = $2"
                    " WHERE user_id = $1 AND resource_id = 'a1-video'",
                    user,
                    written % 1000,
                )
                await connection.execute(
                    "DELETE FROM resource_completions"
                    " WHERE user_id = $1 AND resource_id = 'a1-video'",
                    user,
                )
                written += 3
        finally:
            await connection.close()

    writers = [asyncio.create_task(write(user)) for user in (ADA, BOB)]
    try:
        for _ in range(15):
            report = await doctor(REPAIR)
            assert (report.wrong.total, report.mended.total) == (0, 0), report.mended.kept
    finally:
        stop.set()
        await asyncio.gather(*writers)
    assert written > 30


async def test_what_one_look_saw_is_looked_at_again_while_nobody_writes(
    bootcamp: Connection, doctor: Doctor, database_url: str
) -> None:
    """A learner's lock is held with a figure already wrong; it is right before the lock goes."""
    await corrupt(bootcamp, "UPDATE user_progress SET progress_percentage = 61")
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute(
                "SELECT FROM user_progress ORDER BY user_id, pathway_id FOR NO KEY UPDATE"
            )
            looking = asyncio.create_task(doctor())
            while not await bootcamp.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database()"
            ):
                assert not looking.done()
                await asyncio.sleep(0.02)
            # Touched, the rows are put right by their triggers.
            await other.execute("UPDATE user_progress SET completed_modules = 0")
        assert (await looking).healthy
    finally:
        await other.close()
