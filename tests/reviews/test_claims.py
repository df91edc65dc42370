"""Claims: a lease of fifteen minutes that tells others who is looking."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx

from fixtures.catalog import Connection
from fixtures.problems import assert_problem
from reviews.calls import claim, pending, reject, release, review, undo


async def test_a_claim_lasts_a_quarter_of_an_hour_and_is_renewed_by_its_holder(
    reviewer: httpx.AsyncClient, connection: Connection, instructor: UUID, submission: UUID
) -> None:
    response = await claim(reviewer, submission)
    assert response.status_code == 200
    first = response.json()
    assert first["submission_id"] == str(submission)
    assert first["claimed_by"] == str(instructor)
    assert first["claimed_by_name"] == "Grace Teacher"
    left = datetime.fromisoformat(first["claimed_until"]) - datetime.now(UTC)
    assert timedelta(minutes=14, seconds=50) < left <= timedelta(minutes=15)
    await connection.execute(
        "UPDATE review_claims SET claimed_until = claimed_until - interval '10 minutes'"
    )
    again = (await claim(reviewer, submission)).json()
    assert again["claimed_until"] > first["claimed_until"]


async def test_a_second_claim_names_the_holder_until_the_first_runs_out(
    reviewer: httpx.AsyncClient,
    colleague: httpx.AsyncClient,
    connection: Connection,
    submission: UUID,
) -> None:
    await claim(reviewer, submission)
    problem = assert_problem(await claim(colleague, submission), 409, "claimed_by_another")
    assert problem["detail"] == "Grace Teacher is reviewing this submission."
    await connection.execute("UPDATE review_claims SET claimed_until = clock_timestamp()")
    (item,) = (await pending(reviewer))["submissions"]
    assert item["claimed_by"] is None
    assert (await claim(colleague, submission)).status_code == 200


async def test_of_two_claims_at_once_one_is_made(
    reviewer: httpx.AsyncClient, colleague: httpx.AsyncClient, submission: UUID
) -> None:
    responses = await asyncio.gather(claim(reviewer, submission), claim(colleague, submission))
    assert Counter(response.status_code for response in responses) == {200: 1, 409: 1}


async def test_only_the_holder_gives_a_claim_back(
    reviewer: httpx.AsyncClient, colleague: httpx.AsyncClient, submission: UUID
) -> None:
    await claim(reviewer, submission)
    problem = assert_problem(await release(colleague, submission), 409, "claimed_by_another")
    assert problem["detail"].startswith("Grace Teacher is reviewing this submission")
    for _ in ("given back", "nothing to give back"):
        response = await release(reviewer, submission)
        assert response.status_code == 200
        assert response.json()["claimed_by"] is None
    assert (await claim(colleague, submission)).status_code == 200
    assert_problem(await release(reviewer, uuid4()), 404, "submission_not_found")


async def test_only_what_waits_can_be_claimed_and_a_decision_ends_the_claim(
    reviewer: httpx.AsyncClient, colleague: httpx.AsyncClient, submission: UUID
) -> None:
    await claim(reviewer, submission)
    await reject(colleague, submission)
    assert_problem(await claim(reviewer, submission), 409, "not_waiting")
    await undo(colleague, submission)
    (item,) = (await pending(reviewer))["submissions"]
    assert item["claimed_by"] is None
    assert_problem(await claim(reviewer, uuid4()), 404, "submission_not_found")
    assert (await review(reviewer, submission, "approved")).status_code == 200
