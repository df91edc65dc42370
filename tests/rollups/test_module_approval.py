"""The six steps that decide a module's approval, each order of events on its own.

Module `alpha-one` counts a video, an exercise and a project; the last two are handed in as files.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from aibc.database.pool import Connection
from rollups.world import LEARNERS, STAFF, hand_in, review

LEARNER, OTHER = LEARNERS
TEACHER, COLLEAGUE = STAFF
FILES = ["a1-exercise", "a1-project"]


async def module(connection: Connection, module_id: str = "alpha-one") -> dict[str, Any] | None:
    row = await connection.fetchrow(
        "SELECT * FROM module_completions WHERE user_id = $1 AND module_id = $2", LEARNER, module_id
    )
    return dict(row) if row else None


async def status(connection: Connection, module_id: str = "alpha-one") -> str | None:
    row = await module(connection, module_id)
    return row["approval_status"] if row else None


async def percentage(connection: Connection, module_id: str = "alpha-one") -> int:
    return await connection.fetchval(  # type: ignore[no-any-return]
        "SELECT progress_percentage FROM module_progress WHERE user_id = $1 AND module_id = $2",
        LEARNER,
        module_id,
    )


async def complete(connection: Connection, resource: str) -> None:
    await connection.execute("SELECT learner_complete($1, $2, false)", LEARNER, resource)


async def hand_in_all(connection: Connection) -> list[UUID]:
    await complete(connection, "a1-video")
    return [await hand_in(connection, LEARNER, resource) for resource in FILES]


async def pass_all(connection: Connection) -> list[UUID]:
    submissions = await hand_in_all(connection)
    for submission in submissions:
        await review(connection, TEACHER, submission, "approved")
    return submissions


async def decide(
    connection: Connection,
    approval_status: str,
    *,
    by: UUID = TEACHER,
    change: bool = False,
    admin: bool = False,
) -> None:
    row = await module(connection)
    assert row is not None
    await connection.execute(
        "SELECT decide_module($1, $2, $3, $4, 'Looked at it myself.', $5)",
        by,
        admin,
        row["id"],
        approval_status,
        change,
    )


async def post(connection: Connection, minutes: int | None = None) -> None:
    await connection.execute(
        "SELECT hand_in_module($1, 'alpha', 'alpha-one', $2)", LEARNER, minutes
    )


async def edit(connection: Connection, resource: str, change: str) -> None:
    statements = {
        "optional": "UPDATE resources SET is_required = false WHERE id = $1",
        "required": "UPDATE resources SET is_required = true WHERE id = $1",
        "removed": "UPDATE resources SET removed_at = now() WHERE id = $1",
    }
    await connection.execute(statements[change], resource)


async def add_video(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO resources (id, module_id, type, title)"
        " VALUES ('a1-extra', 'alpha-one', 'video', 'One more')"
    )


async def test_no_row_stands_before_everything_counted_is_handed_in(bootcamp: Connection) -> None:
    await complete(bootcamp, "a1-video")
    submission = await hand_in(bootcamp, LEARNER, "a1-exercise")
    await review(bootcamp, TEACHER, submission, "rejected")
    assert await status(bootcamp) is None
    assert await percentage(bootcamp) == 33


async def test_everything_handed_in_waits_as_pending(bootcamp: Connection) -> None:
    await hand_in_all(bootcamp)
    assert await status(bootcamp) == "pending"
    assert await percentage(bootcamp) == 33


async def test_everything_done_is_approved_by_the_figures(bootcamp: Connection) -> None:
    await pass_all(bootcamp)
    row = await module(bootcamp)
    assert row is not None
    assert (row["approval_status"], row["decided_by_hand"]) == ("approved", False)
    assert (row["reviewed_by"], row["reviewed_at"], row["review_comments"]) == (None, None, None)
    assert await percentage(bootcamp) == 100


async def test_a_rejected_file_rejects_the_module_and_shows_why(bootcamp: Connection) -> None:
    first, second = await hand_in_all(bootcamp)
    await review(bootcamp, TEACHER, first, "rejected")
    await review(bootcamp, COLLEAGUE, second, "rejected")
    row = await module(bootcamp)
    assert row is not None
    assert row["approval_status"] == "rejected"
    assert row["reviewed_by"] == COLLEAGUE
    assert row["review_comments"] == "Please add the missing part."


async def test_handing_in_again_after_a_rejected_file_waits_again(bootcamp: Connection) -> None:
    first, _ = await hand_in_all(bootcamp)
    await review(bootcamp, TEACHER, first, "rejected")
    await hand_in(bootcamp, LEARNER, "a1-exercise")
    assert await status(bootcamp) == "pending"


async def test_a_second_rejected_file_keeps_the_module_rejected_until_it_is_handed_in(
    bootcamp: Connection,
) -> None:
    first, second = await hand_in_all(bootcamp)
    await review(bootcamp, TEACHER, first, "rejected")
    await review(bootcamp, TEACHER, second, "rejected")
    await hand_in(bootcamp, LEARNER, "a1-exercise")
    assert await status(bootcamp) == "rejected"
    await hand_in(bootcamp, LEARNER, "a1-project")
    assert await status(bootcamp) == "pending"


async def test_a_withdrawn_file_takes_the_row_away_and_the_same_row_returns(
    bootcamp: Connection,
) -> None:
    first, _ = await hand_in_all(bootcamp)
    before = await module(bootcamp)
    await bootcamp.execute("SELECT withdraw_submission($1, $2)", LEARNER, first)
    assert await module(bootcamp) is None
    await hand_in(bootcamp, LEARNER, "a1-exercise")
    after = await module(bootcamp)
    assert before is not None
    assert after is not None
    assert after["id"] == before["id"]
    assert after["completed_at"] > before["completed_at"]


async def test_an_approval_by_hand_stands_whatever_happens_to_submissions(
    bootcamp: Connection,
) -> None:
    first, _ = await hand_in_all(bootcamp)
    await decide(bootcamp, "approved")
    await review(bootcamp, COLLEAGUE, first, "rejected")
    assert await status(bootcamp) == "approved"
    assert await percentage(bootcamp) == 100
    await hand_in(bootcamp, LEARNER, "a1-exercise")
    assert await status(bootcamp) == "approved"


async def test_a_rejection_by_hand_stands_while_nothing_is_handed_in_after_it(
    bootcamp: Connection,
) -> None:
    first, second = await hand_in_all(bootcamp)
    await decide(bootcamp, "rejected")
    await review(bootcamp, TEACHER, first, "approved")
    await review(bootcamp, TEACHER, second, "approved")
    row = await module(bootcamp)
    assert row is not None
    assert (row["approval_status"], row["review_comments"]) == ("rejected", "Looked at it myself.")
    assert await percentage(bootcamp) == 100


async def test_after_a_rejection_by_hand_a_post_waits_until_a_person_decides(
    bootcamp: Connection,
) -> None:
    await pass_all(bootcamp)
    await decide(bootcamp, "rejected")
    await post(bootcamp, minutes=45)
    row = await module(bootcamp)
    assert row is not None
    assert (row["approval_status"], row["time_spent_minutes"]) == ("pending", 45)
    await decide(bootcamp, "approved")
    assert await status(bootcamp) == "approved"


async def test_after_a_rejection_by_hand_a_file_rejected_since_rejects_with_its_comments(
    bootcamp: Connection,
) -> None:
    first, _ = await hand_in_all(bootcamp)
    await review(bootcamp, TEACHER, first, "rejected")
    await decide(bootcamp, "rejected")
    again = await hand_in(bootcamp, LEARNER, "a1-exercise")
    assert await status(bootcamp) == "pending"
    await review(bootcamp, COLLEAGUE, again, "rejected")
    row = await module(bootcamp)
    assert row is not None
    assert (row["approval_status"], row["reviewed_by"]) == ("rejected", COLLEAGUE)
    assert row["decided_by_hand"] is False


async def test_a_file_handed_in_after_a_rejection_by_hand_and_withdrawn_does_not_count(
    bootcamp: Connection,
) -> None:
    await hand_in_all(bootcamp)
    await decide(bootcamp, "rejected")
    again = await hand_in(bootcamp, LEARNER, "a1-exercise")
    assert await status(bootcamp) == "pending"
    await bootcamp.execute("SELECT withdraw_submission($1, $2)", LEARNER, again)
    row = await module(bootcamp)
    assert row is not None
    assert (row["approval_status"], row["decided_by_hand"]) == ("rejected", True)


async def test_a_rejection_before_the_first_hand_in_makes_no_row(bootcamp: Connection) -> None:
    await bootcamp.execute("SELECT learner_start($1, 'a1-video', NULL)", LEARNER)
    await bootcamp.execute(
        "INSERT INTO module_decisions (user_id, pathway_id, module_id, kind, approval_status,"
        " decided_by, review_comments)"
        " VALUES ($1, 'alpha', 'alpha-one', 'decided', 'rejected', $2, 'Too early.')",
        LEARNER,
        TEACHER,
    )
    assert await module(bootcamp) is None
    await hand_in(bootcamp, LEARNER, "a1-exercise")
    assert await status(bootcamp) == "pending"


async def test_an_approved_module_stays_approved_when_the_curriculum_grows(
    bootcamp: Connection,
) -> None:
    await pass_all(bootcamp)
    await add_video(bootcamp)
    assert await status(bootcamp) == "approved"
    assert await percentage(bootcamp) == 75


async def test_a_changed_decision_takes_an_automatic_approval_back_and_another_restores_it(
    bootcamp: Connection,
) -> None:
    first, _ = await pass_all(bootcamp)
    await add_video(bootcamp)
    await review(bootcamp, TEACHER, first, "rejected", change=True)
    assert await status(bootcamp) == "rejected"
    await review(bootcamp, TEACHER, first, "approved", change=True)
    assert await status(bootcamp) == "approved"


async def test_an_undone_decision_takes_an_automatic_approval_back(bootcamp: Connection) -> None:
    first, _ = await pass_all(bootcamp)
    await bootcamp.execute("SELECT undo_review($1, false, $2)", TEACHER, first)
    assert await status(bootcamp) == "pending"


async def test_a_changed_decision_on_a_resource_added_later_leaves_the_approval(
    bootcamp: Connection,
) -> None:
    await pass_all(bootcamp)
    await bootcamp.execute(
        "INSERT INTO resources (id, module_id, type, title, requires_upload)"
        " VALUES ('a1-late', 'alpha-one', 'exercise', 'Late', true)"
    )
    late = await hand_in(bootcamp, LEARNER, "a1-late")
    await review(bootcamp, TEACHER, late, "rejected")
    assert await status(bootcamp) == "approved"


async def test_a_pending_module_goes_when_the_curriculum_grows(bootcamp: Connection) -> None:
    await hand_in_all(bootcamp)
    await add_video(bootcamp)
    assert await module(bootcamp) is None


async def test_nothing_counted_never_hands_in_by_itself_but_by_post(bootcamp: Connection) -> None:
    for resource in ["a1-video", *FILES]:
        await edit(bootcamp, resource, "optional")
    await complete(bootcamp, "a1-video")
    assert await module(bootcamp) is None
    assert await percentage(bootcamp) == 0
    await post(bootcamp)
    assert await status(bootcamp) == "pending"
    await decide(bootcamp, "approved")
    assert await percentage(bootcamp) == 100


async def test_a_post_before_everything_is_handed_in_names_what_is_missing(
    bootcamp: Connection,
) -> None:
    await complete(bootcamp, "a1-video")
    with pytest.raises(asyncpg.PostgresError, match="This module still needs") as refusal:
        await post(bootcamp)
    assert refusal.value.sqlstate == "ZB400"
    assert "“Try”" in str(refusal.value)
    assert "“Watch”" not in str(refusal.value)


async def test_a_second_post_answers_the_standing_row(bootcamp: Connection) -> None:
    await hand_in_all(bootcamp)
    await post(bootcamp, minutes=10)
    await post(bootcamp, minutes=99)
    posts = await bootcamp.fetchval(
        "SELECT count(*) FROM module_decisions WHERE kind = 'handed_in'"
    )
    assert posts == 0


async def test_a_file_that_is_not_counted_any_more_rejects_nothing(bootcamp: Connection) -> None:
    first, second = await hand_in_all(bootcamp)
    await review(bootcamp, TEACHER, first, "rejected")
    await review(bootcamp, TEACHER, second, "approved")
    assert await status(bootcamp) == "rejected"
    await edit(bootcamp, "a1-exercise", "optional")
    assert await status(bootcamp) == "approved"
    assert await percentage(bootcamp) == 100


async def test_a_decision_by_hand_is_changed_only_by_its_reviewer_or_an_admin_who_say_so(
    bootcamp: Connection,
) -> None:
    await hand_in_all(bootcamp)
    await decide(bootcamp, "approved")
    for kwargs in ({}, {"by": COLLEAGUE, "change": True}):
        with pytest.raises(asyncpg.PostgresError, match="already approved") as refusal:
            await decide(bootcamp, "rejected", **kwargs)  # type: ignore[arg-type]
        assert refusal.value.sqlstate == "ZB409"
    await decide(bootcamp, "rejected", change=True)
    await decide(bootcamp, "approved", by=COLLEAGUE, change=True, admin=True)
    assert await status(bootcamp) == "approved"


async def test_repeating_a_decision_by_hand_records_nothing(bootcamp: Connection) -> None:
    await hand_in_all(bootcamp)
    await decide(bootcamp, "approved")
    await decide(bootcamp, "approved", by=COLLEAGUE)
    decided = await bootcamp.fetchval(
        "SELECT count(*) FROM module_decisions WHERE kind = 'decided'"
    )
    assert decided == 1


async def test_an_automatic_approval_may_be_decided_by_any_staff_without_saying_change(
    bootcamp: Connection,
) -> None:
    await pass_all(bootcamp)
    await decide(bootcamp, "rejected", by=COLLEAGUE)
    assert await status(bootcamp) == "rejected"


async def test_the_first_approval_is_recorded_once(bootcamp: Connection) -> None:
    first, _ = await pass_all(bootcamp)
    await review(bootcamp, TEACHER, first, "rejected", change=True)
    await review(bootcamp, TEACHER, first, "approved", change=True)
    milestones = await bootcamp.fetchval(
        "SELECT count(*) FROM module_decisions WHERE kind = 'first_approved'"
    )
    assert milestones == 1


async def test_a_pathway_shows_99_until_every_module_is_approved(bootcamp: Connection) -> None:
    await complete(bootcamp, "a2-article")
    await edit(bootcamp, "a2-exercise", "optional")
    await pass_all(bootcamp)
    assert await pathway_figures(bootcamp) == (100, 2)
    await decide(bootcamp, "rejected")
    assert await pathway_figures(bootcamp) == (99, 1)


async def test_the_moment_a_pathway_first_reached_100_is_kept(bootcamp: Connection) -> None:
    await complete(bootcamp, "a2-article")
    await edit(bootcamp, "a2-exercise", "optional")
    await pass_all(bootcamp)
    reached = await completed_at(bootcamp)
    assert reached is not None
    await add_video(bootcamp)
    assert (await pathway_figures(bootcamp))[0] == 87
    assert await completed_at(bootcamp) == reached


async def test_a_module_that_goes_while_its_hand_in_waits_for_the_lock_is_not_handed_in(
    bootcamp: Connection, database_url: str
) -> None:
    await hand_in_all(bootcamp)
    await bootcamp.execute("UPDATE resources SET is_required = false")
    editor = await asyncpg.connect(database_url)
    change = editor.transaction()
    await change.start()
    await editor.execute("UPDATE modules SET is_published = false WHERE id = 'alpha-one'")
    handing_in = asyncio.create_task(post(bootcamp))
    await asyncio.sleep(0.3)
    await change.commit()
    with pytest.raises(asyncpg.PostgresError, match="There is no such module") as refusal:
        await handing_in
    await editor.close()
    assert refusal.value.sqlstate == "ZB404"


async def test_two_learners_do_not_touch_each_other(bootcamp: Connection) -> None:
    await pass_all(bootcamp)
    rows = await bootcamp.fetchval(
        "SELECT count(*) FROM module_completions WHERE user_id = $1", OTHER
    )
    assert rows == 0


async def pathway_figures(connection: Connection) -> tuple[int, int]:
    row = await connection.fetchrow(
        "SELECT progress_percentage, completed_modules FROM user_progress"
        " WHERE user_id = $1 AND pathway_id = 'alpha'",
        LEARNER,
    )
    assert row is not None
    return row["progress_percentage"], row["completed_modules"]


async def completed_at(connection: Connection) -> object:
    return await connection.fetchval(
        "SELECT completed_at FROM user_progress WHERE user_id = $1 AND pathway_id = 'alpha'",
        LEARNER,
    )
