"""The pages of accounts: finding one, changing it by the rules, and the trail of changes."""

from __future__ import annotations

import httpx
import pytest

from fixtures.browsers import Visit, send_form
from fixtures.catalog import Connection, MakeUser

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
async def admin(visit: Visit, make_user: MakeUser) -> httpx.AsyncClient:
    return await visit(await make_user(role="admin", full_name="Ada Admin"))


async def test_accounts_are_found_by_name_role_and_state(
    admin: httpx.AsyncClient, make_user: MakeUser
) -> None:
    await make_user(full_name="Grace Hopper", email="grace@example.com", role="instructor")
    await make_user(full_name="Alan Turing", account_status="suspended")
    found = await admin.get("/admin/users?search=HOPP")
    assert "Grace Hopper" in found.text
    assert "Alan Turing" not in found.text
    assert "1 account match" in found.text
    shut_out = await admin.get("/admin/users?account_status=suspended&role=student")
    assert "Alan Turing" in shut_out.text
    assert "Grace Hopper" not in shut_out.text
    nobody = await admin.get("/admin/users?search=nobody-at-all")
    assert "Nobody matches" in nobody.text
    unknown = await admin.get("/admin/users?role=king&account_status=&page=0")
    assert "Grace Hopper" in unknown.text


async def test_many_accounts_stand_on_several_pages_that_keep_the_filter(
    admin: httpx.AsyncClient, make_user: MakeUser
) -> None:
    for number in range(51):
        await make_user(full_name=f"Person {number:02}")
    first = await admin.get("/admin/users?search=Person")
    assert "Person 50" in first.text
    assert "Person 00" not in first.text
    assert "/admin/users?search=Person&amp;page=2" in first.text
    second = await admin.get("/admin/users?search=Person&page=2")
    assert "Person 00" in second.text
    assert "Page 2 of 2" in second.text


async def test_a_change_of_role_acts_on_the_next_request_and_is_written_down(
    admin: httpx.AsyncClient, visit: Visit, make_user: MakeUser
) -> None:
    person = await make_user(full_name="Grace Hopper")
    browser = await visit(person)
    assert (await browser.get("/admin/users")).status_code == 403
    page = f"/admin/users/{person}"
    response = await send_form(admin, page, page, role="admin", account_status="active")
    assert response.headers["location"] == f"{page}?notice=user-changed"
    assert (await browser.get("/admin/users")).status_code == 200
    trail = await admin.get(page)
    assert "role: Learner → Administrator" in trail.text
    assert "Ada Admin" in trail.text
    await send_form(admin, page, page, role="admin", account_status="suspended")
    assert (await browser.get("/admin/users")).status_code == 403
    assert "state: Active → Suspended" in (await admin.get(page)).text


async def test_the_last_administrator_stays_one_and_reads_why(
    admin: httpx.AsyncClient, connection: Connection
) -> None:
    me = await connection.fetchval("SELECT id FROM users WHERE role = 'admin'")
    page = f"/admin/users/{me}"
    response = await send_form(admin, page, page, role="student", account_status="active")
    assert response.status_code == 409
    assert "administrator" in response.text
    assert 'role="alert"' in response.text
    assert await connection.fetchval("SELECT role FROM users WHERE id = $1", me) == "admin"
    assert await connection.fetchval("SELECT count(*) FROM audit_log") == 0


async def test_an_administrator_who_steps_down_is_led_to_a_page_of_theirs(
    admin: httpx.AsyncClient, make_user: MakeUser, connection: Connection
) -> None:
    me = await connection.fetchval("SELECT id FROM users WHERE role = 'admin'")
    await make_user(role="admin")
    page = f"/admin/users/{me}"
    response = await send_form(admin, page, page, role="instructor", account_status="active")
    assert response.headers["location"] == "/account?notice=user-changed"
    assert (await admin.get("/account")).status_code == 200
    assert (await admin.get("/admin/users")).status_code == 403


@pytest.mark.parametrize(
    "fields", [{}, {"role": "king"}, {"role": "", "account_status": ""}], ids=str
)
async def test_what_is_no_role_or_state_changes_nothing(
    admin: httpx.AsyncClient, make_user: MakeUser, connection: Connection, fields: dict[str, str]
) -> None:
    person = await make_user()
    page = f"/admin/users/{person}"
    response = await send_form(admin, page, page, **fields)
    assert response.status_code == 422
    assert await connection.fetchval("SELECT role FROM users WHERE id = $1", person) == "student"


async def test_hostile_names_are_shown_as_text(
    admin: httpx.AsyncClient, make_user: MakeUser
) -> None:
    person = await make_user(full_name=HOSTILE)
    searches = [f"/admin/users?search={text}" for text in ("img", HOSTILE)]
    for path in (f"/admin/users/{person}", *searches):
        page = await admin.get(path)
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert "&lt;img src=x" in page.text


async def test_an_account_that_is_not_there_is_a_page_that_says_so(
    admin: httpx.AsyncClient,
) -> None:
    unknown = "/admin/users/00000000-0000-4000-8000-000000000000"
    assert (await admin.get(unknown)).status_code == 404
    response = await send_form(admin, "/admin/users", unknown, role="admin")
    assert response.status_code == 404
