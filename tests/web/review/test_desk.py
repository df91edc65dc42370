"""The desk as a page: what it shows, what it lets one do, and what it says when it does not."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from fixtures.browsers import Visit, send_form
from fixtures.catalog import Connection, MakeSubmission, MakeUser
from web.review.conftest import Course
from web.review.steps import backdate, claim, decide, read, undo


async def test_the_desk_shows_all_that_a_decision_is_made_on(
    grace: httpx.AsyncClient, learner: UUID, submission: UUID, connection: Connection
) -> None:
    await connection.execute("UPDATE resources SET description = 'Write five.\n\nThen compare.'")
    page = (await grace.get(f"/review/{submission}")).text
    for words in (
        "Lin Learner",
        f"/learners/{learner}",
        "Prompting / First words",
        "work.png",
        "image/png, 1 KB",
        "waiting for 1 min",
        "Is &lt;b&gt;this&lt;/b&gt; fine?",
        "<p>Write five.</p><p>Then compare.</p>",
        "0" * 64,
    ):
        assert words in page
    assert re.search(r'<iframe[^>]* src="/preview/[^"]+" sandbox="allow-scripts"', page)
    assert "History" not in page
    assert "Other attempts" not in page


async def test_a_pass_is_kept_and_leads_on_to_the_next_with_an_undo(
    grace: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    submission: UUID,
    make_submission: MakeSubmission,
    connection: Connection,
) -> None:
    second = await make_submission(learner, course.project)
    response = await decide(grace, submission, "approved", query=f"?pathway_id={course.pathway}")
    place = f"/review/{second}?pathway_id={course.pathway}&done={submission}"
    assert (response.status_code, response.headers["location"]) == (303, place)
    page = await read(grace, place)
    assert "Passed: Lin Learner, Five versions." in page
    assert f"/review/{submission}/undo?pathway_id={course.pathway}" in page
    assert await _status(connection, submission) == "approved"
    # The next is on this desk already, before any script has said so.
    holder = await connection.fetchval(
        "SELECT full_name FROM review_claims JOIN users ON users.id = claimed_by"
        " WHERE submission_id = $1",
        second,
    )
    assert holder == "Grace Teacher"


async def test_the_last_decision_of_the_evening_ends_at_the_empty_queue(
    grace: httpx.AsyncClient, submission: UUID
) -> None:
    response = await decide(grace, submission, "rejected", "Please add a title.\r\nAnd a name.")
    assert response.headers["location"] == f"/review?done={submission}"
    page = await read(grace, f"/review?done={submission}")
    assert "Nothing waits" in page
    assert "Sent back for another try: Lin Learner, Five versions." in page
    desk = await read(grace, f"/review/{submission}")
    assert "<p>Please add a title.<br>And a name.</p>" in desk


@pytest.mark.parametrize("comments", ["", "  \r\n ", "\u200b"])
async def test_a_rejection_without_a_reason_is_refused_where_it_is_written(
    grace: httpx.AsyncClient, submission: UUID, connection: Connection, comments: str
) -> None:
    response = await decide(grace, submission, "rejected", comments)
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text
    assert "A rejection needs comments: tell the learner what to change." in response.text
    assert await _status(connection, submission) == "uploaded"


async def test_comments_of_ten_thousand_characters_fit_with_their_line_breaks(
    grace: httpx.AsyncClient, submission: UUID, connection: Connection
) -> None:
    long = ("a" * 99 + "\r\n") * 100
    too_long = await decide(grace, submission, "rejected", long + "b")
    assert too_long.status_code == 422
    assert "a" * 99 in too_long.text, "what was typed is kept"
    assert (await decide(grace, submission, "rejected", long)).status_code == 303
    kept = await connection.fetchval(
        "SELECT review_comments FROM resource_submissions WHERE id = $1", submission
    )
    assert kept == long.replace("\r\n", "\n")


async def test_of_two_reviewers_the_second_reads_who_was_first_and_keeps_what_was_typed(
    grace: httpx.AsyncClient, hedy: httpx.AsyncClient, submission: UUID
) -> None:
    await decide(grace, submission, "approved")
    response = await decide(hedy, submission, "rejected", "I would not.")
    assert response.status_code == 409
    sentence = "This submission was already approved by Grace Teacher: that decision stands."
    assert sentence in response.text
    assert "Change this decision" not in response.text
    assert "Only its reviewer or an administrator changes it." in response.text
    assert 'name="verdict"' not in response.text
    response = await undo(hedy, submission)
    assert response.status_code == 409
    assert sentence in response.text


async def test_the_reviewer_and_administrators_change_a_decision_and_all_is_in_the_history(
    grace: httpx.AsyncClient, ada: httpx.AsyncClient, submission: UUID, connection: Connection
) -> None:
    await decide(grace, submission, "approved")
    assert "Change this decision" in await read(grace, f"/review/{submission}")
    response = await decide(grace, submission, "rejected", "On second thoughts.", change="true")
    place = f"/review/{submission}?notice=decision-changed"
    assert response.headers["location"] == place
    assert "The decision is changed." in await read(grace, place)
    assert "Change this decision" in await read(ada, f"/review/{submission}")
    await decide(ada, submission, "approved", "It is fine.", change="true")
    history = (await read(grace, f"/review/{submission}")).split('id="history-heading"')[1]
    assert re.findall(
        r"<p>(Passed|Changed to [a-z ]+?) <span[^>]*>by ([A-Z]\w+ \w+),", history
    ) == [
        ("Changed to passed", "Ada Admin"),
        ("Changed to needs another try", "Grace Teacher"),
        ("Passed", "Grace Teacher"),
    ]


async def test_an_undone_decision_waits_again_with_its_comments_at_hand(
    grace: httpx.AsyncClient, hedy: httpx.AsyncClient, submission: UUID
) -> None:
    await decide(grace, submission, "rejected", "Too short.")
    response = await undo(grace, submission)
    assert response.headers["location"] == f"/review/{submission}?notice=undone"
    page = await read(grace, f"/review/{submission}?notice=undone")
    assert "Undone: the submission waits again." in page
    assert ">\nToo short.</textarea>" in page
    assert "Grace Teacher is reviewing this submission." in await claim(hedy, submission)


async def test_after_a_minute_an_undo_is_refused_and_no_longer_offered(
    grace: httpx.AsyncClient, submission: UUID, connection: Connection
) -> None:
    await decide(grace, submission, "approved")
    assert "/undo" in await read(grace, f"/review/{submission}")
    await backdate(connection, submission, "reviewed_at", timedelta(seconds=61))
    assert "/undo" not in await read(grace, f"/review/{submission}")
    assert "/undo" not in await read(grace, f"/review?done={submission}")
    response = await undo(grace, submission)
    assert response.status_code == 409
    assert "A decision can be undone within 60 seconds: change it instead." in response.text


async def test_only_ones_own_decision_is_offered_to_be_undone(
    grace: httpx.AsyncClient, hedy: httpx.AsyncClient, submission: UUID
) -> None:
    await decide(grace, submission, "approved")
    assert "/undo" not in await read(hedy, f"/review?done={submission}")


async def test_ones_own_work_is_shown_without_a_way_to_decide_it(
    grace: httpx.AsyncClient,
    instructor: UUID,
    course: Course,
    make_submission: MakeSubmission,
    connection: Connection,
) -> None:
    own = await make_submission(instructor, course.exercise)
    page = await read(grace, f"/review/{own}")
    assert "This is your own work: somebody else decides on it." in page
    assert 'name="verdict"' not in page
    assert "hx-post" not in page
    response = await decide(grace, own, "approved")
    assert response.status_code == 403
    assert "Nobody reviews their own work" in response.text
    assert await _status(connection, own) == "uploaded"


async def test_a_replaced_file_leads_to_the_newer_one(
    grace: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    submission: UUID,
    make_submission: MakeSubmission,
) -> None:
    newer = await make_submission(learner, course.exercise)
    response = await decide(grace, submission, "approved")
    assert response.status_code == 409
    assert "The learner has replaced this file: review attempt 2 instead." in response.text
    assert f'<a href="/review/{newer}">Go to attempt 2</a>' in response.text
    assert 'name="verdict"' not in response.text


async def test_a_decision_with_a_later_attempt_behind_it_stays(
    grace: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    submission: UUID,
    make_submission: MakeSubmission,
    connection: Connection,
) -> None:
    await decide(grace, submission, "rejected", "Once more.")
    newer = await make_submission(learner, course.exercise)
    page = await read(grace, f"/review/{submission}")
    assert f"/review/{newer}" in page
    assert "Change this decision" not in page
    assert "/undo" not in page
    await connection.execute("SELECT withdraw_submission($1, $2)", learner, newer)
    page = await read(grace, f"/review/{submission}")
    assert "has handed in attempt 2 since and withdrawn it" in page
    assert "Change this decision" not in page


async def test_what_was_withdrawn_meanwhile_leads_back_to_the_queue(
    grace: httpx.AsyncClient, learner: UUID, submission: UUID, connection: Connection
) -> None:
    await connection.execute("SELECT withdraw_submission($1, $2)", learner, submission)
    response = await decide(grace, submission, "approved")
    assert response.headers["location"] == "/review?notice=withdrawn-meanwhile"
    assert (await grace.get(f"/review/{submission}")).status_code == 404
    assert (await grace.get(f"/review/{uuid4()}")).status_code == 404


async def test_earlier_attempts_stand_beside_it_with_what_was_said(
    grace: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    submission: UUID,
    make_submission: MakeSubmission,
) -> None:
    await decide(grace, submission, "rejected", "Too <short>.")
    newer = await make_submission(learner, course.exercise, file_name="second.png")
    page = (await grace.get(f"/review/{newer}")).text
    assert "Too &lt;short&gt;." in page
    assert "Changes since attempt 1" in page
    assert len(re.findall("<iframe", page)) == 1
    changes = await read(grace, f"/review/{newer}?show=changes&with=1")
    assert 'title="Changes from attempt 1 to 2"' in changes
    beside = await read(grace, f"/review/{newer}?show=beside&with=1")
    assert re.findall(r'<iframe[^>]*title="([^"]+)"', beside) == [
        "Attempt 2: second.png",
        "Attempt 1: work.png",
    ]
    first = await read(grace, f"/review/{submission}?show=changes&with=2")
    assert 'title="Changes from attempt 1 to 2"' in first


async def test_a_claim_is_taken_renewed_shown_and_given_back(
    grace: httpx.AsyncClient, hedy: httpx.AsyncClient, submission: UUID, connection: Connection
) -> None:
    for _ in ("taken", "renewed"):
        assert "Others see that you are reviewing this." in await claim(grace, submission)
    assert "Grace Teacher is reviewing this submission." in await read(
        hedy, f"/review/{submission}"
    )
    assert "Grace Teacher is reviewing this submission." in await claim(hedy, submission)
    # Advisory: the claim of another keeps nobody from deciding.
    response = await send_form(grace, "/review", f"/review/{submission}/release")
    assert response.status_code == 204
    assert "Others see that you" in await claim(hedy, submission)
    assert (await decide(grace, submission, "approved")).status_code == 303
    assert "not waiting for review any more" in await claim(hedy, submission)


async def test_opening_a_desk_writes_nothing(
    grace: httpx.AsyncClient, submission: UUID, connection: Connection
) -> None:
    await grace.get(f"/review/{submission}")
    assert await connection.fetchval("SELECT count(*) FROM review_claims") == 0


async def test_a_download_is_a_link_made_for_the_click(
    grace: httpx.AsyncClient, submission: UUID
) -> None:
    response = await grace.get(f"/review/{submission}/download")
    assert response.status_code == 303
    assert f"/files/{submission}?user=" in response.headers["location"]
    assert "signature=" not in await read(grace, f"/review/{submission}")


async def test_text_of_people_is_never_markup_on_the_desk(
    visit: Visit,
    make_user: MakeUser,
    course: Course,
    make_submission: MakeSubmission,
    connection: Connection,
) -> None:
    attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    learner = await make_user(full_name=attack)
    mine = await visit(await make_user(role="instructor", full_name=attack))
    await connection.execute("UPDATE resources SET title = $1, description = $1", attack)
    first = await make_submission(learner, course.exercise, notes=attack, file_name=f"{attack}.png")
    await send_form(mine, "/review", "/review/comments", body=attack)
    await decide(mine, first, "rejected", attack)
    second = await make_submission(learner, course.exercise, notes=attack)
    for path in ("/review", f"/review/{first}", f"/review/{second}", "/review/comments"):
        page = (await mine.get(path)).text
        assert "alert(1)" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


async def _status(connection: Connection, submission: UUID) -> str:
    status: str = await connection.fetchval(
        "SELECT submission_status FROM resource_submissions WHERE id = $1", submission
    )
    return status
