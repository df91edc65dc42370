"""What the driver says, in the product's words."""

from __future__ import annotations

from dataclasses import replace

import asyncpg
import pytest

from aibc.database.errors import DatabaseUnavailable, RuleViolation, blamed_on
from aibc.database.pool import Connection, Database
from aibc.settings import DatabaseSettings

REFUSE = "SELECT refuse($1, 'some_rule', 'A sentence.')"


async def test_a_server_that_does_not_answer_is_unavailable(
    database_settings: DatabaseSettings,
) -> None:
    gone = replace(database_settings, url="postgresql://nobody@127.0.0.1:1/nowhere")
    database = await Database.open(gone)
    with pytest.raises(DatabaseUnavailable) as caught:
        await database.fetch_value("SELECT 1")
    await database.close()
    assert caught.value.headers == {"Retry-After": "2"}


async def test_an_argument_of_a_wrong_type_is_a_fault_and_no_outage(database: Database) -> None:
    with pytest.raises(asyncpg.DataError):
        await database.fetch_value("SELECT $1::integer", 2**40)
    assert await database.fetch_value("SELECT 1") == 1


async def test_a_rule_of_the_database_carries_status_code_and_sentence(database: Database) -> None:
    with pytest.raises(RuleViolation) as caught:
        await database.execute(REFUSE, 409)
    violation = caught.value
    assert (violation.status, violation.code) == (409, "some_rule")
    assert violation.detail == "A sentence."


@pytest.mark.parametrize(
    ("status", "errors"), [(422, [{"field": "notes", "message": "A sentence."}]), (409, [])]
)
async def test_a_field_is_blamed_only_where_its_value_is_wrong(
    database: Database, status: int, errors: list[dict[str, str]]
) -> None:
    with pytest.raises(RuleViolation) as caught, blamed_on("notes"):
        await database.execute(REFUSE, status)
    assert caught.value.errors == errors


@pytest.mark.parametrize("state", ["53100", "58000", "58030"])
async def test_a_server_whose_disk_fails_it_is_an_outage(database: Database, state: str) -> None:
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'no disk' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(DatabaseUnavailable):
        await database.execute(statement)


async def test_a_connection_that_died_under_the_driver_is_an_outage(database: Database) -> None:
    async def lose_track(connection: Connection) -> None:
        raise asyncpg.InternalClientError("got result for unknown protocol state 3")

    with pytest.raises(DatabaseUnavailable):
        await database.in_transaction(lose_track)
