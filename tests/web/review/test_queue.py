"""The queue as a page: what waits, in which order, for whom."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import timedelta
from uuid import UUID

import httpx

from fixtures.browsers import Visit, send_form
from fixtures.catalog import Connection, MakeSubmission, MakeUser
from web.review.conftest import Course
from web.review.steps import backdate, claim, decide, read, start

_ROW = re.compile(r'data-row href="/review/([0-9a-f-]{36})')


async def test_what_waits_stands_there_oldest_first_with_all_that_one_chooses_by(
    grace: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    submission: UUID,
    make_submission: MakeSubmission,
    connection: Connection,
) -> None:
    younger = await make_submission(learner, course.project, file_name="template.md")
    await backdate(connection, submission, "created_at", timedelta(days=3))
    page = await read(grace, "/review")
    assert _ROW.findall(page) == [str(submission), str(younger)]
    for words in ("Five versions", "Lin Learner", "template.md, 1 KB", "First words", "3 days"):
        assert words in page
    assert re.search(r"<strong[^>]*>2</strong> wait", page)


async def test_an_empty_queue_says_so(grace: httpx.AsyncClient) -> None:
    page = await read(grace, "/review")
    assert "Nothing waits" in page
    assert await start(grace) == "/review?notice=nothing-to-review"
    assert "Nothing waits that you could review now." in await read(
        grace, "/review?notice=nothing-to-review"
    )


async def test_a_part_of_the_queue_stays_that_part_on_every_way_out_of_it(
    grace: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    submission: UUID,
    make_submission: MakeSubmission,
) -> None:
    project = await make_submission(learner, course.project)
    page = await read(grace, f"/review?pathway_id={course.pathway}&resource_type=project")
    assert _ROW.findall(page) == [str(project)]
    assert re.search(r"<strong[^>]*>1</strong> waits", page)
    assert f'<option value="{course.pathway}" selected>' in page
    query = f"pathway_id={course.pathway}&resource_type=project"
    for path in (f"/review/{project}?{query}", f"/review/next?{query}", f"/review/count?{query}"):
        assert path in page
    assert await start(grace, f"?{query}") == f"/review/{project}?{query}"
    desk = await read(grace, f"/review/{project}?{query}")
    assert f"/review/{project}/decision?{query}" in desk
    assert f"/review/next?{query}&after={project}" in desk
    page = await read(grace, f"/review?module_id={course.module}&resource_type=quiz")
    assert "Nothing waits here" in page


async def test_pages_go_on_behind_the_last_item_seen(
    grace: httpx.AsyncClient, course: Course, make_user: MakeUser, make_submission: MakeSubmission
) -> None:
    made = [str(await make_submission(await make_user(), course.exercise)) for _ in range(5)]
    first = await read(grace, "/review?limit=3")
    following = re.search(r'href="(/review\?[^"]*cursor=[^"]+)"', first)
    assert following
    # What was decided meanwhile neither repeats nor skips anything.
    await decide(grace, UUID(made[0]), "approved")
    second = await read(grace, following[1] + "&limit=3")
    assert _ROW.findall(first) == made[:3]
    assert _ROW.findall(second) == made[3:]
    assert "From the oldest" in second


async def test_a_full_page_of_the_queue_is_light(
    grace: httpx.AsyncClient, course: Course, make_user: MakeUser, make_submission: MakeSubmission
) -> None:
    for _ in range(26):
        learner = await make_user(full_name="A learner with quite a long name")
        await make_submission(learner, course.exercise, file_name="a-file-with-a-name.png")
    page = await grace.get("/review")
    assert len(_ROW.findall(page.text)) == 25
    # What every page brings along, styles, scripts and type, is 52 KB more.
    assert len(page.content) < 45 * 1024


async def test_a_row_says_who_is_looking_at_it(
    grace: httpx.AsyncClient, hedy: httpx.AsyncClient, submission: UUID
) -> None:
    await claim(grace, submission)
    assert "Grace Teacher is reviewing" in await read(hedy, "/review")
    assert "On your desk" in await read(grace, "/review")


async def test_starting_takes_the_oldest_that_nobody_else_holds_and_that_is_not_ones_own(
    grace: httpx.AsyncClient,
    hedy: httpx.AsyncClient,
    instructor: UUID,
    course: Course,
    learner: UUID,
    make_submission: MakeSubmission,
) -> None:
    own = await make_submission(instructor, course.exercise)
    held = await make_submission(learner, course.exercise)
    free = await make_submission(learner, course.project)
    assert "Your own work" in await read(grace, "/review")
    assert await start(hedy, f"?after={own}") == f"/review/{held}"
    assert await start(grace) == f"/review/{free}"
    assert await start(grace) == f"/review/{free}"


async def test_going_on_gives_the_claim_back_and_begins_anew_behind_the_last(
    grace: httpx.AsyncClient,
    hedy: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    submission: UUID,
    make_submission: MakeSubmission,
) -> None:
    second = await make_submission(learner, course.project)
    assert await start(grace) == f"/review/{submission}"
    assert await start(grace, f"?after={submission}") == f"/review/{second}"
    assert await start(hedy) == f"/review/{submission}"
    assert await start(grace, f"?after={second}") == "/review?notice=nothing-to-review"
    assert await start(hedy, f"?after={submission}") == f"/review/{second}"
    assert await start(hedy, f"?after={second}") == f"/review/{submission}"


async def test_many_who_start_at_once_begin_with_different_submissions(
    visit: Visit, course: Course, make_user: MakeUser, make_submission: MakeSubmission
) -> None:
    for _ in range(6):
        await make_submission(await make_user(), course.exercise)
    browsers = [await visit(await make_user(role="instructor")) for _ in range(7)]
    places = Counter(await asyncio.gather(*map(start, browsers)))
    assert places.pop("/review?notice=nothing-to-review") == 1
    assert len(places) == 6


async def test_the_count_of_an_open_page_speaks_only_when_something_has_changed(
    grace: httpx.AsyncClient,
    course: Course,
    learner: UUID,
    submission: UUID,
    make_submission: MakeSubmission,
) -> None:
    asks = re.compile(r'hx-get="(/review/count[^"]+)"')
    first = asks.search(await read(grace, "/review"))
    assert first
    assert (await grace.get(first[1])).status_code == 204
    await make_submission(learner, course.project)
    answer = await grace.get(first[1])
    assert "1 new: refresh" in answer.text
    assert "<html" not in answer.text
    again = asks.search(answer.text.replace("&amp;", "&"))
    assert again
    assert (await grace.get(again[1])).status_code == 204
    await decide(grace, submission, "approved")
    assert re.search(r"<strong[^>]*>1</strong> waits", (await grace.get(again[1])).text)


async def test_an_address_that_asks_for_nonsense_is_refused_in_a_sentence(
    grace: httpx.AsyncClient,
) -> None:
    for query in ("cursor=x", "limit=1000000000", "resource_type=poem"):
        page = await grace.get(f"/review?{query}")
        assert page.status_code == 422
        assert "That did not work" in page.text
    assert (await send_form(grace, "/review", "/review/next?after=x")).status_code == 422
    unstorable = ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00")
    for since in ("yesterday", "2026-11-24T21:00:00", *unstorable):  # without a zone: no moment
        assert (await grace.get(f"/review/count?since={since}&shown=1")).status_code == 422
