"""The queue: oldest first, counted exactly, paged without gaps or repetitions."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from aibc.reviews.cursor import Cursor, decode_cursor, encode_cursor
from fixtures.catalog import Connection, MakeSlug, MakeSubmission, MakeUser
from fixtures.problems import assert_problem
from reviews.calls import ADMIN, claim, pending, review
from reviews.conftest import Course

PENDING = f"{ADMIN}/submissions/pending"


def ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["submissions"]]


@pytest.fixture
async def waiting(
    course: Course, make_user: MakeUser, make_submission: MakeSubmission
) -> list[str]:
    """Seven files of seven learners, oldest first."""
    return [str(await make_submission(await make_user(), course.exercise)) for _ in range(7)]


async def test_an_item_says_all_there_is_to_know_before_opening_it(
    reviewer: httpx.AsyncClient,
    connection: Connection,
    learner: UUID,
    course: Course,
    submission: UUID,
) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            "UPDATE resource_submissions SET created_at = clock_timestamp() - interval '90 minutes'"
        )
    page = await pending(reviewer)
    assert page["total_pending"] == 1
    assert page["next_cursor"] is None
    (item,) = page["submissions"]
    assert item.pop("created_at").endswith("Z")
    assert item.pop("gcs_url").startswith("local://")
    assert item == {
        "id": str(submission),
        "user_id": str(learner),
        "user_email": "lin@example.com",
        "user_name": "Lin Learner",
        "resource_id": course.exercise,
        "resource_title": "A resource",
        "resource_type": "exercise",
        "pathway_id": course.pathway,
        "module_id": course.module,
        "attempt": 1,
        "file_name": "work.png",
        "file_type": "image/png",
        "file_size_bytes": 1024,
        "submission_status": "uploaded",
        "hours_waiting": 1.5,
        "claimed_by": None,
        "claimed_by_name": None,
        "claimed_until": None,
    }


async def test_the_oldest_comes_first_and_pages_follow_by_offset(
    reviewer: httpx.AsyncClient, waiting: list[str]
) -> None:
    assert ids(await pending(reviewer)) == waiting
    for offset in range(0, 9, 3):
        page = await pending(reviewer, limit=3, offset=offset)
        assert ids(page) == waiting[offset : offset + 3]
        assert page["total_pending"] == 7


async def test_pages_by_cursor_neither_repeat_nor_skip_when_others_decide_meanwhile(
    reviewer: httpx.AsyncClient,
    colleague: httpx.AsyncClient,
    course: Course,
    waiting: list[str],
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    first = await pending(reviewer, limit=3)
    assert ids(first) == waiting[:3]
    await review(colleague, waiting[0], "approved")
    await review(colleague, waiting[2], "approved")
    newest = str(await make_submission(await make_user(), course.exercise))
    second = await pending(reviewer, limit=3, cursor=first["next_cursor"])
    assert ids(second) == waiting[3:6]
    assert second["total_pending"] == 6
    last = await pending(reviewer, limit=3, cursor=second["next_cursor"])
    assert ids(last) == [waiting[6], newest]
    assert last["next_cursor"] is None


async def test_a_page_that_is_exactly_full_may_be_the_last(
    reviewer: httpx.AsyncClient, waiting: list[str]
) -> None:
    page = await pending(reviewer, limit=7)
    assert ids(page) == waiting
    assert page["next_cursor"] is None


async def test_files_of_one_moment_have_an_order_too(
    reviewer: httpx.AsyncClient, connection: Connection, waiting: list[str]
) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE resource_submissions SET created_at = now()")
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = await pending(reviewer, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += ids(page)
        cursor = page["next_cursor"]
    assert seen == sorted(waiting)
    assert cursor is None


async def test_filters_narrow_the_list_and_the_total(
    reviewer: httpx.AsyncClient,
    course: Course,
    make_pathway: MakeSlug,
    make_module: MakeSlug,
    make_resource: MakeSlug,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    elsewhere = await make_module(await make_pathway())
    far = await make_resource(elsewhere, type="project", requires_upload=True)
    handed_in = {}
    for resource in (course.exercise, course.project, far):
        handed_in[resource] = str(await make_submission(await make_user(), resource))
    exercise, project, other = handed_in.values()
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, [exercise, project, other]),
        ({"pathway_id": course.pathway}, [exercise, project]),
        ({"module_id": elsewhere}, [other]),
        ({"resource_type": "project"}, [project, other]),
        ({"resource_type": "project", "pathway_id": course.pathway}, [project]),
        ({"resource_type": "quiz"}, []),
        ({"pathway_id": course.pathway, "module_id": elsewhere}, []),
        ({"pathway_id": "no-such-pathway"}, []),
        ({"module_id": "", "pathway_id": "", "resource_type": ""}, [exercise, project, other]),
    ]
    for query, expected in cases:
        page = await pending(reviewer, **query)
        assert (ids(page), page["total_pending"]) == (expected, len(expected)), query
    page = await pending(reviewer, resource_type="project", limit=1)
    assert (ids(page), page["total_pending"]) == ([project], 2)
    page = await pending(reviewer, resource_type="project", limit=1, cursor=page["next_cursor"])
    assert (ids(page), page["next_cursor"]) == ([other], None)


async def test_every_page_is_what_counting_through_all_of_them_would_show(
    reviewer: httpx.AsyncClient,
    colleague: httpx.AsyncClient,
    connection: Connection,
    course: Course,
    make_pathway: MakeSlug,
    make_module: MakeSlug,
    make_resource: MakeSlug,
    make_user: MakeUser,
    make_submission: MakeSubmission,
) -> None:
    elsewhere = await make_pathway()
    far = await make_resource(await make_module(elsewhere), type="project", requires_upload=True)
    places = (course.exercise, far, course.project, far, course.exercise, course.exercise)
    for place in (*places, *reversed(places)):
        await make_submission(await make_user(), place)
    async with connection.transaction():  # three moments, so that many tie
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            "UPDATE resource_submissions"
            " SET created_at = date_trunc('day', now()) - sequence % 3 * interval '1 hour'"
        )
    filters: list[dict[str, Any]] = [
        {},
        {"pathway_id": elsewhere},
        {"module_id": course.module, "resource_type": "exercise"},
        {"resource_type": "project"},
        {"resource_type": "quiz"},
    ]
    for number in range(3):
        for wanted in filters:
            expected = await counted_through(connection, wanted)
            for limit, offset in product((1, 2, 5, 50), range(len(expected) + 2)):
                page = await pending(reviewer, limit=limit, offset=offset, **wanted)
                asked = (number, wanted, limit, offset)
                assert ids(page) == expected[offset : offset + limit], asked
                assert page["total_pending"] == len(expected), asked
                assert (page["next_cursor"] is None) == (offset + limit >= len(expected)), asked
        waiting = await counted_through(connection, {})
        for decided in (waiting[0], waiting[len(waiting) // 2]):
            assert (await review(colleague, decided, "approved")).status_code == 200


async def counted_through(connection: Connection, wanted: dict[str, Any]) -> list[str]:
    """What waits and matches, put into order here."""
    rows = await connection.fetch(
        "SELECT submission.created_at, submission.id, pathway_id, module_id,"
        " type AS resource_type"
        " FROM resource_submissions AS submission"
        " JOIN resources ON resources.id = resource_id JOIN modules ON modules.id = module_id"
        " WHERE submission_status = 'uploaded' AND submission.deleted_at IS NULL"
    )
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return [str(row["id"]) for row in sorted(found, key=itemgetter("created_at", "id"))]


async def test_an_offset_counts_from_where_a_cursor_points(
    reviewer: httpx.AsyncClient, waiting: list[str]
) -> None:
    cursor = (await pending(reviewer, limit=1))["next_cursor"]
    page = await pending(reviewer, limit=2, offset=4, cursor=cursor)
    assert ids(page) == waiting[5:7]
    assert page["next_cursor"] is None


async def test_work_on_a_resource_taken_down_still_waits(
    reviewer: httpx.AsyncClient, connection: Connection, submission: UUID
) -> None:
    await connection.execute("UPDATE resources SET removed_at = now()")
    assert ids(await pending(reviewer)) == [str(submission)]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "many"},
        {"offset": -1},
        {"resource_type": "essay"},
        {"cursor": "nonsense"},
        {"cursor": "A" * 36},
        {"cursor": "é"},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    reviewer: httpx.AsyncClient, query: dict[str, Any]
) -> None:
    assert_problem(await reviewer.get(PENDING, params=query), 422, "validation_error")


def test_a_cursor_reads_back_exactly_and_no_altered_one_reads_at_all() -> None:
    cursor = Cursor(datetime(2026, 11, 22, 17, 42, 3, 141592, tzinfo=UTC), uuid4())
    text = encode_cursor(cursor)
    assert decode_cursor(text) == cursor
    for place in range(len(text)):
        altered = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(ValueError, match="not a cursor"):
            decode_cursor(altered)


async def test_a_claim_shows_in_the_queue_and_blocks_no_decision(
    reviewer: httpx.AsyncClient, colleague: httpx.AsyncClient, instructor: UUID, submission: UUID
) -> None:
    await claim(reviewer, submission)
    (item,) = (await pending(colleague))["submissions"]
    assert item["claimed_by"] == str(instructor)
    assert item["claimed_by_name"] == "Grace Teacher"
    assert item["claimed_until"].endswith("Z")
    assert (await review(colleague, submission, "approved")).status_code == 200
