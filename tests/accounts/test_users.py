"""Accounts as administrators see and change them."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from aibc.accounts.service import forget_expired
from fixtures.application import SignIn
from fixtures.catalog import Connection, MakeUser
from fixtures.people import log_in, read_me, refresh, sign_up, tokens_of
from fixtures.problems import assert_problem


@pytest.fixture
async def admin_id(make_user: MakeUser) -> UUID:
    return await make_user(role="admin", email="root@example.com")


@pytest.fixture
async def admin(sign_in: SignIn, admin_id: UUID) -> httpx.AsyncClient:
    return await sign_in(admin_id)


async def change(client: httpx.AsyncClient, user_id: object, **fields: str) -> httpx.Response:
    return await client.patch(f"/api/v1/users/{user_id}", json=fields)


async def test_a_profile_reads_the_same_under_both_names(
    sign_in: SignIn, make_user: MakeUser
) -> None:
    client = await sign_in(await make_user(role="instructor"))
    me, profile = await client.get("/api/v1/users/me"), await client.get("/api/v1/users/profile")
    assert me.json() == profile.json()
    assert me.json()["role"] == "instructor"


@pytest.mark.parametrize("role", ["student", "instructor"])
async def test_only_administrators_list_and_change_accounts(
    sign_in: SignIn, make_user: MakeUser, role: str
) -> None:
    user_id = await make_user(role=role)
    client = await sign_in(user_id)
    assert_problem(await client.get("/api/v1/users"), 403, "role_refused")
    assert_problem(await change(client, user_id, role="admin"), 403, "role_refused")


async def test_a_list_goes_by_pages_with_the_newest_first(
    admin: httpx.AsyncClient, make_user: MakeUser
) -> None:
    ids = [str(await make_user(email=f"u{number}@example.com")) for number in range(5)]
    first = (await admin.get("/api/v1/users", params={"limit": 2})).json()
    assert first["total"] == 6
    assert [user["id"] for user in first["users"]] == [ids[4], ids[3]]
    third = (await admin.get("/api/v1/users", params={"limit": 2, "offset": 4})).json()
    assert [user["email"] for user in third["users"]] == ["u0@example.com", "root@example.com"]
    beyond = (await admin.get("/api/v1/users", params={"offset": 99})).json()
    assert beyond["total"] == 6
    assert beyond["users"] == []


async def test_a_list_can_be_searched_and_filtered(
    admin: httpx.AsyncClient, make_user: MakeUser
) -> None:
    await make_user(email="grace@example.com", full_name="Grace Hopper", role="instructor")
    await make_user(email="100%@example.com", full_name="Percy_Cent", account_status="suspended")

    async def emails(**wanted: str) -> list[str]:
        found = (await admin.get("/api/v1/users", params=wanted)).json()
        assert found["total"] == len(found["users"])
        return [user["email"] for user in found["users"]]

    assert await emails(search="HOPPER") == ["grace@example.com"]
    assert await emails(search="%") == ["100%@example.com"]
    assert await emails(search="_") == ["100%@example.com"]
    assert await emails(role="instructor") == ["grace@example.com"]
    assert await emails(account_status="suspended") == ["100%@example.com"]
    assert await emails(search="nobody") == []


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=1e9", "offset=-1", "role=root", "sort=id;drop", "limit=x"],
)
async def test_a_list_refuses_what_it_does_not_know(admin: httpx.AsyncClient, query: str) -> None:
    assert_problem(await admin.get(f"/api/v1/users?{query}"), 422, "validation_error")


async def test_a_new_role_acts_on_the_next_request(
    admin: httpx.AsyncClient, sign_in: SignIn, make_user: MakeUser
) -> None:
    user_id = await make_user()
    client = await sign_in(user_id)
    assert (await change(admin, user_id, role="admin")).json()["role"] == "admin"
    assert (await client.get("/api/v1/users")).status_code == 200
    assert (await change(admin, user_id, role="student")).json()["role"] == "student"
    assert_problem(await client.get("/api/v1/users"), 403, "role_refused")


async def test_a_suspension_acts_on_the_next_request_and_can_be_lifted(
    admin: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    user = await sign_up(anonymous)
    pair = await tokens_of(anonymous)
    response = await change(admin, user["id"], account_status="suspended")
    assert response.json()["account_status"] == "suspended"
    assert_problem(await read_me(anonymous, pair["access_token"]), 403, "account_suspended")
    assert_problem(await refresh(anonymous, pair["refresh_token"]), 403, "account_suspended")
    assert_problem(await log_in(anonymous), 403, "account_suspended")
    assert_problem(await log_in(anonymous, password="Wrong-2026!"), 401, "wrong_sign_in")

    await change(admin, user["id"], account_status="active")
    assert (await read_me(anonymous, pair["access_token"])).status_code == 200
    assert (await refresh(anonymous, pair["refresh_token"])).status_code == 200


async def test_every_change_is_written_down_with_its_author_and_request(
    admin: httpx.AsyncClient, admin_id: UUID, make_user: MakeUser, connection: Connection
) -> None:
    user_id = await make_user()
    response = await change(admin, user_id, role="instructor", account_status="suspended")
    (row,) = await connection.fetch(
        "SELECT *, old_value::text AS old, new_value::text AS new FROM audit_log"
    )
    assert row["actor_id"] == admin_id
    assert row["subject_id"] == user_id
    assert row["action"] == "user.change"
    assert row["old"] == '{"role": "student", "account_status": "active"}'
    assert row["new"] == '{"role": "instructor", "account_status": "suspended"}'
    assert row["request_id"] == response.headers["x-request-id"]
    for statement in ("UPDATE audit_log SET action = ''", "DELETE FROM audit_log"):
        with pytest.raises(asyncpg.PostgresError, match="audit_log"):
            await connection.execute(statement)


async def test_a_change_to_what_is_already_so_is_not_written_down(
    admin: httpx.AsyncClient, make_user: MakeUser, connection: Connection
) -> None:
    response = await change(admin, await make_user(), role="student")
    assert response.status_code == 200
    assert await connection.fetchval("SELECT count(*) FROM audit_log") == 0


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"role": "root"},
        {"account_status": "gone"},
        {"email": "x@example.com"},
        {"is_demo": "x"},
    ],
)
async def test_a_change_of_anything_else_is_refused(
    admin: httpx.AsyncClient, make_user: MakeUser, fields: dict[str, str]
) -> None:
    assert_problem(await change(admin, await make_user(), **fields), 422, "validation_error")


async def test_an_unknown_account_is_not_found(admin: httpx.AsyncClient) -> None:
    assert_problem(await change(admin, uuid4(), role="admin"), 404, "user_not_found")
    assert_problem(await change(admin, "not-an-id", role="admin"), 404, "not_found")


@pytest.mark.parametrize("fields", [{"role": "student"}, {"account_status": "suspended"}])
async def test_the_last_administrator_stays_one(
    admin: httpx.AsyncClient, admin_id: UUID, make_user: MakeUser, fields: dict[str, str]
) -> None:
    await make_user(role="admin", account_status="suspended")
    assert_problem(await change(admin, admin_id, **fields), 409, "last_admin")
    await make_user(role="admin")
    assert (await change(admin, admin_id, **fields)).status_code == 200


@pytest.mark.parametrize("fields", [{"role": "student"}, {"account_status": "suspended"}])
async def test_of_two_administrators_demoted_at_once_one_stays(
    sign_in: SignIn, make_user: MakeUser, connection: Connection, fields: dict[str, str]
) -> None:
    for _ in range(5):
        await connection.execute("UPDATE users SET role = 'student'")
        ids = [await make_user(role="admin") for _ in range(2)]
        clients = [await sign_in(user_id) for user_id in ids]
        answers = await asyncio.gather(
            *(change(clients[index], ids[index], **fields) for index in range(2))
        )
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 1}
        standing = await connection.fetchval(
            "SELECT count(*) FROM users WHERE role = 'admin' AND account_status = 'active'"
        )
        assert standing == 1


async def test_what_says_nothing_any_more_is_forgotten(
    anonymous: httpx.AsyncClient, connection: Connection
) -> None:
    await sign_up(anonymous)
    await tokens_of(anonymous)
    await log_in(anonymous, password="Wrong-2026!")
    assert set((await forget_expired(connection)).values()) == {0}
    await connection.execute("UPDATE sessions SET expires_at = now() - interval '31 days'")
    await connection.execute("UPDATE refresh_tokens SET expires_at = now() - interval '31 days'")
    await connection.execute(
        "UPDATE sign_in_failures SET last_failed_at = now() - interval '2 days'"
    )
    await connection.execute("UPDATE signup_attempts SET created_at = now() - interval '2 hours'")
    forgotten = await forget_expired(connection)
    assert forgotten["sessions"] == 1
    assert forgotten["counters"] == 2
    assert forgotten["signups"] == 1
    assert await connection.fetchval("SELECT count(*) FROM refresh_tokens") == 0
