"""`aibc user …` against a real database, and the demo accounts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import httpx
import pytest
from typer.testing import CliRunner, Result

from aibc.accounts.commands import user_commands
from aibc.accounts.demo import create_demo_users
from aibc.accounts.demo_sign_ins import DEMO_PASSWORD, demo_emails
from aibc.accounts.passwords import Passwords
from aibc.database.pool import Database
from aibc.settings import DatabaseSettings
from fixtures.catalog import Connection, MakeUser
from fixtures.people import OTHER_PASSWORD, PASSWORD, log_in, sign_up, tokens_of
from fixtures.server import LiveServer

Run: TypeAlias = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(database_settings: DatabaseSettings) -> Run:
    """`await run("role", "a@b.org", "admin")`: one command, with a pool of its own."""

    @asynccontextmanager
    async def open_database() -> AsyncIterator[Database]:
        database = await Database.open(database_settings)
        try:
            yield database
        finally:
            await database.close()

    async def run_command(*arguments: str, typed: str = "") -> Result:
        app = user_commands(open_database)
        # A command runs an event loop of its own, which needs a thread of its own here.
        return await asyncio.to_thread(CliRunner().invoke, app, arguments, input=typed)

    return run_command


async def test_an_account_of_the_command_line_counts_as_verified_and_can_sign_in(
    run: Run, connection: Connection, anonymous: httpx.AsyncClient
) -> None:
    result = await run(
        "create",
        "Grace@example.com",
        "--name",
        "Grace Hopper",
        "--role",
        "admin",
        "--password-stdin",
        typed=f"{PASSWORD}\n",
    )
    assert result.exit_code == 0, result.output
    assert "Made Grace@example.com (admin, active)." in result.output
    row = await connection.fetchrow("SELECT * FROM users")
    assert row
    assert row["email_verified"]
    assert not row["is_demo"]
    assert await tokens_of(anonymous, "grace@example.com")
    audit = await connection.fetchrow("SELECT * FROM audit_log")
    assert audit
    assert (audit["action"], audit["actor_id"]) == ("user.create", None)
    assert audit["subject_id"] == row["id"]


async def test_a_typed_password_is_asked_twice_and_never_shown(run: Run) -> None:
    arguments = ("create", "ada@example.com", "--name", "Ada")
    result = await run(*arguments, typed=f"{PASSWORD}\nsomething else\n{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("nobody", PASSWORD, "e-mail address"),
        ("ada@example.com", "short", "The password needs"),
        ("taken@example.com", PASSWORD, "exists already"),
    ],
)
async def test_what_cannot_be_made_is_one_sentence_and_exit_code_one(
    run: Run, make_user: MakeUser, email: str, password: str, sentence: str
) -> None:
    await make_user(email="taken@example.com")
    result = await run("create", email, "--name", "Ada", "--password-stdin", typed=password)
    assert result.exit_code == 1
    assert sentence in " ".join(result.output.split())
    assert "Traceback" not in result.output


async def test_a_role_is_given_and_taken_but_not_from_the_last_administrator(
    run: Run, make_user: MakeUser, connection: Connection
) -> None:
    await make_user(email="ada@example.com")
    assert (await run("role", "ADA@example.com", "admin")).exit_code == 0
    assert await connection.fetchval("SELECT role FROM users") == "admin"
    refused = await run("role", "ada@example.com", "student")
    assert refused.exit_code == 1
    assert "last active administrator" in " ".join(refused.output.split())
    assert (await run("suspend", "ada@example.com")).exit_code == 1
    assert (await run("role", "ada@example.com", "emperor")).exit_code == 2
    assert await connection.fetchval("SELECT count(*) FROM audit_log") == 1


async def test_an_account_is_suspended_and_let_in_again(
    run: Run, make_user: MakeUser, connection: Connection
) -> None:
    await make_user(email="ada@example.com")
    assert (await run("suspend", "ada@example.com")).exit_code == 0
    assert await connection.fetchval("SELECT account_status FROM users") == "suspended"
    assert (await run("activate", "ada@example.com")).exit_code == 0
    assert await connection.fetchval("SELECT account_status FROM users") == "active"
    assert (await run("suspend", "nobody@example.com")).exit_code == 1


async def test_who_forgot_a_password_gets_a_new_one_and_every_session_ends(
    run: Run, connection: Connection, anonymous: httpx.AsyncClient
) -> None:
    await sign_up(anonymous, "ada@example.com")
    tokens = await tokens_of(anonymous, "ada@example.com")
    result = await run("password", "ada@example.com", "--password-stdin", typed=OTHER_PASSWORD)
    assert result.exit_code == 0, result.output
    assert OTHER_PASSWORD not in result.output
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await anonymous.get("/api/v1/users/me", headers=headers)).status_code == 401
    assert (await log_in(anonymous, "ada@example.com", OTHER_PASSWORD)).status_code == 200
    actions = await connection.fetch("SELECT action, new_value FROM audit_log")
    assert [(one["action"], OTHER_PASSWORD in str(one["new_value"])) for one in actions] == [
        ("user.password", False)
    ]
    weak = await run("password", "ada@example.com", "--password-stdin", typed="short")
    assert weak.exit_code == 1
    assert "The password needs" in " ".join(weak.output.split())


async def test_accounts_are_listed_with_markup_left_alone(run: Run, make_user: MakeUser) -> None:
    await make_user(email="ada@example.com", full_name="[red]Ada[/red]")
    await make_user(email="grace@example.com", role="instructor")
    result = await run("list")
    assert result.exit_code == 0
    assert "2 of 2." in result.output
    assert "instructor" in result.output
    assert "[red]" in result.output
    assert "1 of 1." in (await run("list", "--search", "GRACE")).output


async def test_a_command_of_the_installed_program_reaches_the_running_service(
    live_server: LiveServer, api: httpx.AsyncClient
) -> None:
    email = "made-by-command@example.com"
    listed = await asyncio.to_thread(live_server.run, "user", "list", "--search", email)
    assert listed.returncode == 0, listed.stderr
    assert "0 of 0." in listed.stdout
    missing = await asyncio.to_thread(live_server.run, "user", "suspend", email)
    assert missing.returncode == 1
    assert "There is no such user." in missing.stderr
    assert (await api.get("/health")).status_code == 200


async def test_demo_accounts_are_made_once_and_left_alone(
    connection: Connection, database: Database, anonymous: httpx.AsyncClient
) -> None:
    assert await demo_emails(database) == []
    passwords = Passwords()
    await create_demo_users(connection, passwords)
    await connection.execute("UPDATE users SET full_name = 'Changed' WHERE role = 'admin'")
    await create_demo_users(connection, passwords)
    rows = await connection.fetch("SELECT email, role, full_name FROM users ORDER BY role")
    assert sorted(await demo_emails(database)) == [row["email"] for row in rows]
    assert [(row["email"], row["role"]) for row in rows] == [
        ("admin@example.com", "admin"),
        ("instructor@example.com", "instructor"),
        ("learner@example.com", "student"),
    ]
    assert rows[0]["full_name"] == "Changed"
    for row in rows:
        assert await tokens_of(anonymous, row["email"], DEMO_PASSWORD)


async def test_demo_accounts_of_two_starts_at_once_are_made_once(database: Database) -> None:
    async def start() -> None:
        async with database.transaction() as connection:
            await create_demo_users(connection, Passwords())

    await asyncio.gather(start(), start())
    assert await database.fetch_value("SELECT count(*) FROM users") == 3
