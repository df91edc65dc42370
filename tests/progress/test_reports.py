"""What a report of progress may hold."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

from progress.conftest import Course
from progress.learner_calls import OWN, read, refused, report, start, taken


async def send(client: httpx.AsyncClient, resource: str, body: bytes) -> httpx.Response:
    return await client.put(
        f"{OWN}/{resource}/progress",
        content=body,
        headers={"Content-Type": "application/json"},
    )


MALFORMED: tuple[dict[str, Any], ...] = (
    {"progress_percentage": -1},
    {"progress_percentage": 101},
    {"progress_percentage": 5.5},
    {"progress_percentage": True},
    {"progress_percentage": "50"},
    {"progress_percentage": [1]},
    {"time_spent_minutes": -1},
    {"time_spent_minutes": 100_001},
    {"time_spent_minutes": 3_000_000_000},
    {"time_spent_minutes": 10**30},
    {"time_spent_minutes": 0.5},
    {"time_spent_minutes": False},
    {"status": "done"},
    {"status": ""},
    {"status": 1},
    {"notes": "x" * 5001},
    {"notes": 5},
    {"notes": "a\x00b"},
    {"notes": "\ud800"},
    {"metadata": []},
    {"metadata": "text"},
    {"metadata": {"a": {"b": ["\x00"]}}},
    {"metadata": {"a": {"\x00": 1}}},
    {"metadata": {"a": [{"b": "\udfff"}]}},
    {"metadata": {"a": 2**63}},
    {"metadata": {"a": [-(2**70)]}},
    {"unknown": 1},
)

UNREADABLE = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff",
    b'{"time_spent_minutes": 3e9}',
    b'{"metadata": {"a": 1e400}}',
    b'{"metadata": {"a": NaN}}',
)


async def test_what_is_malformed_or_out_of_range_is_refused(
    client: httpx.AsyncClient, course: Course, subtests: pytest.Subtests
) -> None:
    for body in MALFORMED:
        with subtests.test(str(body)[:60]):
            response = await report(client, course.video, **body)
            assert refused(response) == (422, "validation_error")
            assert response.json()["errors"]
    assert refused(await read(client, course.video)) == (404, "not_started")


async def test_a_whole_number_may_be_written_with_a_point(
    client: httpx.AsyncClient, course: Course
) -> None:
    written = b'{"progress_percentage": 40.0, "time_spent_minutes": 7e0}'
    record = (await send(client, course.video, written)).json()
    assert (record["progress_percentage"], record["time_spent_minutes"]) == (40, 7)


async def test_a_report_is_a_json_object_of_numbers_that_columns_hold(
    client: httpx.AsyncClient, course: Course, subtests: pytest.Subtests
) -> None:
    for body in UNREADABLE:
        with subtests.test(body.decode("latin-1")):
            assert (await send(client, course.video, body)).status_code == 422
    assert refused(await read(client, course.video)) == (404, "not_started")


async def test_metadata_nested_without_end_is_refused(
    client: httpx.AsyncClient, course: Course, subtests: pytest.Subtests
) -> None:
    for depth in (33, 200, 400, 900, 5000):
        with subtests.test(str(depth)):
            nested = b"[" * depth + b"]" * depth
            response = await send(client, course.video, b'{"metadata": {"a": ' + nested + b"}}")
            assert response.status_code == 422


async def test_the_bounds_themselves_are_taken(client: httpx.AsyncClient, course: Course) -> None:
    record = taken(
        await report(
            client,
            course.video,
            progress_percentage=0,
            time_spent_minutes=100_000,
            notes="ä" * 5000,
            metadata={"deep": [[[[{"x": 2**53 - 1}]]]], "small": 1.5e-300, "large": 1e308},
        )
    )
    assert record["time_spent_minutes"] == 100_000
    assert record["notes"] == "ä" * 5000
    assert record["metadata"] == {
        "deep": [[[[{"x": 2**53 - 1}]]]],
        "small": 1.5e-300,
        "large": 1e308,
    }
    assert taken(await read(client, course.video))["metadata"] == record["metadata"]


async def test_metadata_merges_at_the_top_and_null_deletes_a_key(
    client: httpx.AsyncClient, course: Course
) -> None:
    taken(await report(client, course.video, metadata={"a": {"x": 1}, "b": 2, "c": 3}))
    record = taken(await report(client, course.video, metadata={"a": {"y": 1}, "b": None}))
    assert record["metadata"] == {"a": {"y": 1}, "c": 3}


async def test_metadata_holds_at_most_16_kib_in_all(
    client: httpx.AsyncClient, course: Course
) -> None:
    half = {"a": "x" * 8000}
    taken(await report(client, course.video, metadata=half))
    refusal = await report(client, course.video, metadata={"b": "x" * 9000})
    assert refused(refusal) == (422, "metadata_too_large")
    assert [error["field"] for error in refusal.json()["errors"]] == ["metadata"]
    assert taken(await read(client, course.video))["metadata"] == half
    taken(await report(client, course.video, metadata={"a": None, "b": "x" * 9000}))


async def test_keys_of_the_server_are_not_the_clients_to_set(
    client: httpx.AsyncClient, course: Course
) -> None:
    for key, value in itertools.product(("quiz_score", "quiz_", "selected_answers"), (1, None)):
        response = await report(client, course.video, metadata={key: value})
        assert refused(response) == (422, "metadata_key_reserved")


async def test_two_megabytes_of_metadata_are_refused(
    client: httpx.AsyncClient, course: Course
) -> None:
    response = await report(client, course.video, metadata={"a": "x" * 2_000_000})
    assert refused(response) == (413, "body_too_large")


async def test_a_start_takes_notes_and_nothing_else(
    client: httpx.AsyncClient, course: Course
) -> None:
    bodies: tuple[dict[str, Any], ...] = ({"notes": "x" * 5001}, {"notes": "\x00"}, {"other": 1})
    for body in bodies:
        assert refused(await start(client, course.video, **body)) == (422, "validation_error")
    assert refused(await read(client, course.video)) == (404, "not_started")


async def test_a_nul_in_the_address_is_refused(client: httpx.AsyncClient) -> None:
    for path in (f"{OWN}/a%00b/progress", f"{OWN}/%ff%fe/progress", f"{OWN}/{'a' * 600}/progress"):
        assert 400 <= (await client.get(path)).status_code < 500
        assert 400 <= (await client.put(path, json={})).status_code < 500
