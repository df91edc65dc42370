"""`aibc user …`: accounts from the command line."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from getpass import GetPassWarning
from typing import Annotated, TypeAlias, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aibc.accounts import service
from aibc.accounts.errors import UnusableInput
from aibc.accounts.passwords import Passwords
from aibc.accounts.schemas import SignUp, UserChange, UserFilter
from aibc.accounts.sign_in import replace_password
from aibc.database.pool import Connection, Database, Record
from aibc.errors import AibcError

OpenDatabase: TypeAlias = Callable[[], AbstractAsyncContextManager[Database]]
Result = TypeVar("Result")


class RoleName(StrEnum):
    """The roles, as words of the command line."""

    student = "student"
    instructor = "instructor"
    admin = "admin"


Email = Annotated[str, typer.Argument(help="The account's e-mail.")]
PasswordFromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
COMMAND_LINE = service.Author(user_id=None)


def user_commands(open_database: OpenDatabase) -> typer.Typer:
    """The commands, over the database that `open_database` opens."""
    app = typer.Typer(
        help="Make, list and change accounts.", no_args_is_help=True, add_completion=False
    )
    run = _Runner(open_database)

    @app.command()
    def create(
        email: Email,
        name: Annotated[str, typer.Option(help="Full name.")],
        role: Annotated[RoleName, typer.Option(help="What the account may do.")] = RoleName.student,
        password_stdin: PasswordFromStdin = False,
    ) -> None:
        """Make an account. Its e-mail counts as verified."""
        password = _read_password(password_stdin)
        row = run(lambda connection: _create(connection, email, name, password, role.value))
        run.say(f"Made {_who(row)}.")

    @app.command()
    def role(
        email: Email,
        role: Annotated[RoleName, typer.Argument(help="What the account may do.")],
    ) -> None:
        """Give an account another role."""
        row = run(lambda c: _change(c, email, UserChange(role=role.value)))
        run.say(f"{_who(row)} from the next request on.")

    @app.command()
    def suspend(email: Email) -> None:
        """Shut an account out, from its next request on."""
        row = run(lambda c: _change(c, email, UserChange(account_status="suspended")))
        run.say(f"Suspended {_who(row)}.")

    @app.command()
    def activate(email: Email) -> None:
        """Let a suspended account in again."""
        row = run(lambda c: _change(c, email, UserChange(account_status="active")))
        run.say(f"Activated {_who(row)}.")

    @app.command()
    def password(
        email: Email,
        password_stdin: PasswordFromStdin = False,
    ) -> None:
        """Give an account a new password and end all of its sessions."""
        new = _read_password(password_stdin)
        row = run(lambda connection: _set_password(connection, email, new))
        run.say(f"{_who(row)} has a new password and is signed out everywhere.")

    @app.command(name="list")
    def list_accounts(
        search: Annotated[str, typer.Option(help="Part of a name or e-mail.")] = "",
        limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
        offset: Annotated[int, typer.Option(min=0, help="How many to pass over.")] = 0,
    ) -> None:
        """List accounts, newest first."""
        wanted = UserFilter(search=search, limit=limit, offset=offset)
        total, rows = run(lambda connection: service.list_accounts(connection, wanted))
        run.show(_table(rows))
        run.say(f"{len(rows)} of {total}.")

    return app


class _Runner:
    """Runs one transaction of a command and prints what came of it."""

    def __init__(self, open_database: OpenDatabase) -> None:
        self._open_database = open_database

    def __call__(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        try:
            return asyncio.run(self._in_transaction(work))
        except AibcError as error:
            typer.echo(f"aibc: {error.detail}", err=True)
            raise typer.Exit(1) from None

    def say(self, sentence: str) -> None:
        Console(highlight=False).print(escape(sentence), soft_wrap=True)

    def show(self, table: Table) -> None:
        Console(highlight=False).print(table)

    async def _in_transaction(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        async with self._open_database() as database, database.transaction() as connection:
            return await work(connection)


async def _create(
    connection: Connection, email: str, name: str, password: str, role: str
) -> Record:
    checked = _checked(email, name, password)
    account = service.NewAccount(
        email=checked.email,
        full_name=checked.full_name,
        password_hash=Passwords().hash_now(checked.password),
        email_verified=True,
        role=role,
    )
    row = await service.create_account(connection, account)
    await service.record_creation(connection, row, COMMAND_LINE)
    return row


async def _change(connection: Connection, email: str, change: UserChange) -> Record:
    profile = await service.find_profile(connection, email)
    return await service.change_account(connection, profile["id"], change, COMMAND_LINE)


async def _set_password(connection: Connection, email: str, password: str) -> Record:
    profile = await service.find_profile(connection, email)
    checked = _checked(profile["email"], profile["full_name"], password)
    await replace_password(connection, profile["id"], Passwords().hash_now(checked.password))
    await service.record_new_password(connection, profile["id"], COMMAND_LINE)
    return profile


def _checked(email: str, name: str, password: str) -> SignUp:
    """The same rules as at sign-up. Raises UnusableInput with their first sentence."""
    try:
        return SignUp(email=email, full_name=name, password=password)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UnusableInput(message) from None


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)  # it would be shown as it is typed
        try:
            password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        except GetPassWarning:
            raise UnusableInput(
                "There is no terminal to ask for the password: give it on standard input, with "
                "--password-stdin."
            ) from None
    return password


def _who(row: Record) -> str:
    return f"{row['email']} ({row['role']}, {row['account_status']})"


def _table(rows: list[Record]) -> Table:
    table = Table("E-mail", "Name", "Role", "State", "Since")
    for row in rows:
        since = f"{row['created_at']:%Y-%m-%d}"
        cells = (row["email"], row["full_name"], row["role"], row["account_status"], since)
        table.add_row(*map(escape, cells))
    return table
