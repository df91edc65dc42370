"""The role of the service does its work and can neither delete, rewrite nor change the schema."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest

from aibc.database.pool import Connection
from rollups.recount import differences
from rollups.world import LEARNERS, STAFF, build_world, hand_in, review


@pytest.fixture
async def service(connection: Connection) -> AsyncIterator[Connection]:
    """A connection that acts as a fresh role with the rights of the service."""
    await build_world(connection)
    role = f"aibc_service_{secrets.token_hex(4)}"
    await connection.execute(f'CREATE ROLE "{role}"')
    await connection.execute("SELECT grant_service_role($1)", role)
    await connection.execute(f'SET ROLE "{role}"')
    yield connection
    await connection.execute("RESET ROLE")
    await connection.execute(f'DROP OWNED BY "{role}"')
    await connection.execute(f'DROP ROLE "{role}"')


async def test_the_service_role_can_do_the_main_job(service: Connection) -> None:
    await service.execute("SELECT learner_complete($1, 'a2-article', false)", LEARNERS[0])
    submission = await hand_in(service, LEARNERS[0], "a2-exercise")
    await service.execute("SELECT claim_review($1, $2)", STAFF[0], submission)
    await review(service, STAFF[0], submission, "rejected")
    again = await hand_in(service, LEARNERS[0], "a2-exercise")
    await review(service, STAFF[0], again, "approved")
    await service.execute("UPDATE resources SET is_required = false WHERE id = 'a2-exercise'")
    assert await service.fetchval("SELECT approval_status FROM module_completions") == "approved"
    assert await differences(service) == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM resource_submissions",
        "TRUNCATE resource_submissions CASCADE",
        "DELETE FROM submission_decisions",
        "UPDATE submission_decisions SET grade = 'pass'",
        "DELETE FROM module_decisions",
        "UPDATE module_decisions SET approval_status = 'approved'",
        "DELETE FROM audit_log",
        "UPDATE audit_log SET action = 'nothing'",
        "DELETE FROM quiz_attempts",
        "INSERT INTO schema_migrations (version) VALUES ('999_mine')",
        "CREATE TABLE mine (id integer)",
        "ALTER TABLE resource_submissions DISABLE TRIGGER ALL",
    ],
)
async def test_the_service_role_may_not_do_more(service: Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(statement)
