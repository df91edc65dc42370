"""The service behind PgBouncer in transaction mode: nobody gets what another has asked for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import httpx

from aibc.app import create_app
from aibc.database.pool import Database
from aibc.settings import DatabaseSettings, Settings
from fixtures.application import client_of, open_session
from fixtures.catalog import (
    Connection,
    MakeUser,
    add_module,
    add_pathway,
    add_resource,
)

OWN = "/api/v1/resources/users/me/resources"
LEARNERS = 12


async def test_statements_of_many_connections_share_few_sessions_and_never_mix(
    pgbouncer_url: str, database_settings: DatabaseSettings
) -> None:
    behind = replace(database_settings, url=pgbouncer_url, behind_pgbouncer=True, pool_size=20)
    database = await Database.open(behind)
    asked = range(600)
    answers = await asyncio.gather(
        *(database.fetch_value(f"SELECT $1::int + {n % 7}", n) for n in asked)
    )
    assert answers == [n + n % 7 for n in asked]
    async with database.transaction() as connection:
        first = await connection.fetchval("SELECT pg_backend_pid()")
        assert await connection.fetchval("SELECT pg_backend_pid()") == first
    await database.close()


async def test_learners_read_and_write_at_once_as_without_it(
    pgbouncer_url: str, settings: Settings, connection: Connection, make_user: MakeUser
) -> None:
    pathway = await add_pathway(connection)
    resource = await add_resource(connection, await add_module(connection, pathway))
    behind = replace(settings.database, url=pgbouncer_url, behind_pgbouncer=True, pool_size=10)
    application = create_app(replace(settings, database=behind))

    async def learn(user: UUID, client: httpx.AsyncClient) -> None:
        for minutes in range(1, 6):
            body = {"time_spent_minutes": minutes}
            written = await client.put(f"{OWN}/{resource}/progress", json=body)
            assert written.json()["user_id"] == str(user)
            assert written.json()["time_spent_minutes"] == minutes
            path = f"/api/v1/resources/pathways/{pathway}/resources"
            read = await client.get(path)
            [[shown]] = [module["resources"] for module in read.json()]
            assert shown["completion"]["user_id"] == str(user)
            assert shown["completion"]["time_spent_minutes"] == minutes
            known = {"If-None-Match": read.headers["etag"]}
            assert (await client.get(path, headers=known)).status_code == 304

    async with application.router.lifespan_context(application):
        users = [await make_user() for _ in range(LEARNERS)]
        tokens = [await open_session(connection, application, user) for user in users]
        await asyncio.gather(
            *(
                learn(user, client_of(application, {"Authorization": f"Bearer {token}"}))
                for user, token in zip(users, tokens, strict=True)
            )
        )
