"""The rules of a learner's record on one resource, over HTTP."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest

from fixtures.catalog import Connection, MakeSubmission, MakeUser
from progress.conftest import Course
from progress.learner_calls import OWN, complete, read, refused, report, start, taken, uncomplete


async def decide(connection: Connection, submission: UUID, status: str, reviewer: UUID) -> None:
    await connection.execute(
        """
        UPDATE resource_submissions
        SET submission_status = $2, reviewed_by = $3, review_comments = 'Because.' WHERE id = $1
        """,
        submission,
        status,
        reviewer,
    )


WRITES = (("POST", "start"), ("PUT", "progress"), ("POST", "complete"), ("DELETE", "complete"))


async def test_nobody_writes_without_signing_in(
    anonymous: httpx.AsyncClient, course: Course
) -> None:
    for method, act in WRITES:
        response = await anonymous.request(method, f"{OWN}/{course.video}/{act}", json={})
        assert refused(response) == (401, "sign_in_required")


async def test_a_write_to_an_unknown_resource_is_not_found(client: httpx.AsyncClient) -> None:
    for method, act in WRITES:
        response = await client.request(method, f"{OWN}/no-such/{act}", json={})
        assert refused(response) == (404, "resource_not_found")


@pytest.mark.parametrize(
    "hiding",
    [
        "UPDATE pathways SET is_published = false",
        "UPDATE modules SET is_published = false",
        "UPDATE resources SET removed_at = clock_timestamp()",
    ],
)
async def test_a_write_to_a_resource_that_is_not_live_is_not_found(
    client: httpx.AsyncClient, course: Course, connection: Connection, hiding: str
) -> None:
    await connection.execute(hiding)
    for method, act in WRITES:
        response = await client.request(method, f"{OWN}/{course.video}/{act}", json={})
        assert refused(response) == (404, "resource_not_found")
    assert await connection.fetchval("SELECT count(*) FROM user_progress") == 0


async def test_a_start_makes_a_record_in_progress(
    client: httpx.AsyncClient, course: Course, learner: UUID
) -> None:
    record = taken(await start(client, course.video, notes="On the train"))
    assert record["user_id"] == str(learner)
    assert (record["resource_id"], record["module_id"], record["pathway_id"]) == (
        course.video,
        course.module,
        course.pathway,
    )
    assert (record["status"], record["progress_percentage"]) == ("in_progress", 0)
    assert (record["time_spent_minutes"], record["completed_at"]) == (0, None)
    assert (record["notes"], record["metadata"]) == ("On the train", {})


async def test_a_second_start_returns_the_same_record(
    client: httpx.AsyncClient, course: Course
) -> None:
    first = taken(await start(client, course.video, notes="Mine"))
    second = taken(await start(client, course.video))
    assert second == {**first, "last_accessed_at": second["last_accessed_at"]}


async def test_a_start_needs_no_body_even_with_a_json_content_type(
    client: httpx.AsyncClient, course: Course
) -> None:
    json_header = {"Content-Type": "application/json"}
    path = f"{OWN}/{course.video}"
    taken(await client.post(f"{path}/start"))
    taken(await client.post(f"{path}/start", headers=json_header))
    taken(await client.post(f"{path}/complete", headers=json_header))
    taken(await client.request("DELETE", f"{path}/complete", headers=json_header))


async def test_a_start_never_moves_a_later_status_back(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await complete(client, course.video))
    record = taken(await start(client, course.video))
    assert (record["status"], record["progress_percentage"]) == ("completed", 100)


async def test_a_first_report_makes_the_record(client: httpx.AsyncClient, course: Course) -> None:
    record = taken(await report(client, course.video, progress_percentage=40, time_spent_minutes=7))
    assert (record["status"], record["progress_percentage"]) == ("in_progress", 40)
    assert record["time_spent_minutes"] == 7


async def test_an_empty_report_is_a_first_touch(client: httpx.AsyncClient, course: Course) -> None:
    assert taken(await report(client, course.video))["status"] == "in_progress"


async def test_complete_makes_the_record_where_there_is_none(
    client: httpx.AsyncClient, course: Course
) -> None:
    record = taken(await complete(client, course.video))
    assert (record["status"], record["progress_percentage"]) == ("completed", 100)
    assert record["completed_at"] is not None


async def test_a_late_report_takes_nothing_back(client: httpx.AsyncClient, course: Course) -> None:
    taken(await report(client, course.video, progress_percentage=60, time_spent_minutes=30))
    record = taken(await report(client, course.video, progress_percentage=20, time_spent_minutes=5))
    assert (record["progress_percentage"], record["time_spent_minutes"]) == (60, 30)


async def test_what_a_report_leaves_out_stays(client: httpx.AsyncClient, course: Course) -> None:
    taken(await report(client, course.video, notes="Keep", metadata={"position": 4}))
    record = taken(await report(client, course.video, progress_percentage=10, notes=None))
    assert (record["notes"], record["metadata"]) == ("Keep", {"position": 4})


async def test_minutes_go_on_counting_after_completion(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await complete(client, course.video))
    record = taken(await report(client, course.video, time_spent_minutes=12))
    assert (record["status"], record["time_spent_minutes"]) == ("completed", 12)


@pytest.mark.parametrize("body", [{"progress_percentage": 100}, {"status": "completed"}])
async def test_reporting_100_or_completed_completes_what_is_completed_by_word(
    client: httpx.AsyncClient, course: Course, body: dict[str, object]
) -> None:
    for resource in (course.video, course.article, course.exercise):
        record = taken(await report(client, resource, **body))
        assert (record["status"], record["progress_percentage"]) == ("completed", 100)
        assert record["completed_at"] is not None


async def test_100_reported_on_what_others_decide_is_stored_as_99(
    client: httpx.AsyncClient, course: Course
) -> None:
    for resource in (course.project, course.quiz):
        record = taken(await report(client, resource, progress_percentage=100))
        assert (record["status"], record["progress_percentage"]) == ("in_progress", 99)


@pytest.mark.parametrize(
    ("kind", "code", "way"),
    [("project", "upload_required", "upload"), ("quiz", "quiz_required", "attempt")],
)
async def test_what_others_decide_is_refused_with_the_way_that_works(
    client: httpx.AsyncClient, course: Course, kind: str, code: str, way: str
) -> None:
    resource = getattr(course, kind)
    responses = [
        await report(client, resource, status=status)
        for status in ("submitted", "completed", "reviewed")
    ]
    for response in [*responses, await complete(client, resource)]:
        assert refused(response) == (409, code)
        assert way in response.json()["detail"]
    assert refused(await read(client, resource)) == (404, "not_started")


async def test_submitted_and_reviewed_are_never_taken_from_a_learner(
    client: httpx.AsyncClient, course: Course
) -> None:
    for status in ("submitted", "reviewed"):
        assert refused(await report(client, course.video, status=status))[0] == 409


async def test_a_status_at_or_below_the_present_changes_none_and_the_rest_counts(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await complete(client, course.video))
    for status in ("not_started", "in_progress", "submitted", "completed"):
        record = taken(await report(client, course.video, status=status, notes=status))
        assert (record["status"], record["notes"]) == ("completed", status)
    assert refused(await report(client, course.video, status="reviewed"))[0] == 409


async def test_a_submitted_resource_shows_100_and_waits_for_its_review(
    client: httpx.AsyncClient, course: Course, learner: UUID, make_submission: MakeSubmission
) -> None:
    await make_submission(learner, course.project)
    record = taken(await report(client, course.project, status="submitted", time_spent_minutes=3))
    assert (record["status"], record["progress_percentage"]) == ("submitted", 100)
    assert (record["completed_at"], record["time_spent_minutes"]) == (None, 3)
    assert refused(await complete(client, course.project)) == (409, "awaiting_review")
    assert refused(await report(client, course.project, status="completed"))[0] == 409
    assert refused(await report(client, course.project, status="reviewed"))[0] == 409


async def test_a_pass_shows_reviewed_and_complete_on_it_changes_no_status(
    client: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    connection: Connection,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    submission = await make_submission(learner, course.project)
    await decide(connection, submission, "approved", await make_user(role="instructor"))
    for status in ("not_started", "submitted", "completed", "reviewed"):
        record = taken(await report(client, course.project, status=status))
        assert (record["status"], record["progress_percentage"]) == ("reviewed", 100)
    record = taken(await complete(client, course.project))
    assert record["status"] == "reviewed"
    assert record["completed_at"] is not None


async def test_a_rejection_goes_back_to_99_and_clears_completed_at(
    client: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    connection: Connection,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    reviewer = await make_user(role="instructor")
    submission = await make_submission(learner, course.project)
    await decide(connection, submission, "approved", reviewer)
    await decide(connection, submission, "rejected", reviewer)
    record = taken(await read(client, course.project))
    assert (record["status"], record["progress_percentage"]) == ("in_progress", 99)
    assert record["completed_at"] is None


async def test_completed_at_is_when_it_was_first_done(
    client: httpx.AsyncClient, course: Course
) -> None:
    first = taken(await complete(client, course.video))["completed_at"]
    taken(await complete(client, course.video))
    taken(await report(client, course.video, status="completed"))
    assert taken(await read(client, course.video))["completed_at"] == first


@pytest.mark.parametrize("kind", ["video", "article"])
async def test_a_video_or_an_article_can_be_marked_as_not_completed(
    client: httpx.AsyncClient, course: Course, kind: str
) -> None:
    resource = getattr(course, kind)
    taken(await report(client, resource, progress_percentage=100, time_spent_minutes=9))
    record = taken(await uncomplete(client, resource))
    assert (record["status"], record["progress_percentage"]) == ("in_progress", 0)
    assert (record["completed_at"], record["time_spent_minutes"]) == (None, 9)
    assert taken(await read(client, resource)) == record
    assert (
        taken(await report(client, resource, progress_percentage=15))["progress_percentage"] == 15
    )


async def test_other_types_cannot_be_marked_as_not_completed(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await complete(client, course.exercise))
    for resource in (course.exercise, course.quiz, course.project):
        assert refused(await uncomplete(client, resource)) == (400, "not_reversible")


async def test_what_is_not_completed_cannot_be_marked_as_not_completed(
    client: httpx.AsyncClient, course: Course
) -> None:
    assert refused(await uncomplete(client, course.video)) == (400, "not_completed")
    taken(await start(client, course.video))
    assert refused(await uncomplete(client, course.video)) == (400, "not_completed")


async def test_a_resource_of_a_module_handed_in_stays_completed(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await complete(client, course.last))
    assert refused(await uncomplete(client, course.last)) == (403, "module_handed_in")


async def test_a_write_answers_the_figures_as_they_stand_after_it(
    client: httpx.AsyncClient, course: Course
) -> None:
    record = taken(await complete(client, course.video))
    assert (record["module_progress"], record["module_completed"]) == (20, False)
    assert record["pathway_progress"] == 10
    record = taken(await complete(client, course.last))
    assert (record["module_progress"], record["module_completed"]) == (100, True)
    assert record["pathway_progress"] == 60


async def test_a_quiz_without_questions_is_completed_by_word(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    await connection.execute("UPDATE resources SET metadata = '{}' WHERE type = 'quiz'")
    assert taken(await complete(client, course.quiz))["status"] == "completed"


async def test_a_client_graded_quiz_is_completed_by_word(
    client: httpx.AsyncClient, course: Course, connection: Connection
) -> None:
    await connection.execute(
        """
        UPDATE resources SET metadata = metadata || '{"grading": "client"}' WHERE type = 'quiz'
        """
    )
    record = taken(await report(client, course.quiz, progress_percentage=100))
    assert record["status"] == "completed"


async def test_every_quiz_is_completed_by_word_where_the_service_leaves_grading_to_its_client(
    client_graded_client: httpx.AsyncClient, course: Course
) -> None:
    assert taken(await complete(client_graded_client, course.quiz))["status"] == "completed"
    record = taken(await report(client_graded_client, course.quiz, status="completed"))
    assert record["status"] == "completed"
    assert refused(await complete(client_graded_client, course.project))[0] == 409
