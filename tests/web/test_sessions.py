"""Signing in to the pages: cookies, sessions and forms that only our own pages can send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from aibc.app import Application
from aibc.http.routes import iter_routes
from aibc.web.sign_in import own_path
from fixtures.application import SignIn, client_of
from fixtures.browsers import Visit, browser_of, form_token, send_form
from fixtures.catalog import Connection, MakeUser

PASSWORD = "Bootcamp-2026!"


@pytest.fixture
async def browser(application: Application) -> Any:
    async with browser_of(application) as client:
        yield client


@pytest.fixture
async def learner(application: Application, make_user: MakeUser) -> UUID:
    password_hash = await _passwords(application).hash(PASSWORD)
    return await make_user(email="ada@example.com", password_hash=password_hash)


def _passwords(application: Application) -> Any:
    return application.state.aibc.passwords


async def sign_in_here(browser: httpx.AsyncClient, **fields: str) -> httpx.Response:
    given = {"email": "ada@example.com", "password": PASSWORD, **fields}
    return await send_form(browser, "/sign-in", "/sign-in", **given)


async def test_signing_in_sets_a_cookie_that_no_script_and_no_other_site_can_use(
    browser: httpx.AsyncClient, learner: UUID
) -> None:
    response = await sign_in_here(browser)
    assert response.status_code == 303
    assert response.headers["location"] == "/dashboard"
    (cookie,) = [
        value
        for value in response.headers.get_list("set-cookie")
        if value.startswith("aibc_session=")
    ]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    page = await browser.get("/account")
    assert page.status_code == 200
    assert "ada@example.com" in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_over_https_the_cookie_is_secure_and_bound_to_the_host(
    settings: Any, make_user: MakeUser
) -> None:
    from dataclasses import replace

    from aibc.app import create_app

    server = replace(settings.server, public_url="https://learn.example")
    application = create_app(replace(settings, server=server))
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(application),
            base_url="https://learn.example",
            headers={"Accept": "text/html"},
        ) as browser,
    ):
        password_hash = await _passwords(application).hash(PASSWORD)
        await make_user(email="ada@example.com", password_hash=password_hash)
        token = form_token(await browser.get("/sign-in"))
        response = await browser.post(
            "/sign-in",
            data={"form_token": token, "email": "ada@example.com", "password": PASSWORD},
            headers={"Origin": "https://learn.example"},
        )
    cookies = response.headers.get_list("set-cookie")
    assert any(one.startswith("__Host-aibc_session=") and "Secure" in one for one in cookies)


async def test_each_sign_in_is_a_new_session_and_ends_the_browsers_former_one(
    browser: httpx.AsyncClient, learner: UUID, connection: Connection
) -> None:
    await sign_in_here(browser)
    first = browser.cookies["aibc_session"]
    browser.cookies.delete("aibc_session")
    page = form_token(await browser.get("/sign-in"))
    browser.cookies.set("aibc_session", first)
    # Signed in already, the form carries the token of the session.
    token = form_token(await browser.get("/account"))
    assert token != page
    response = await browser.post(
        "/sign-in", data={"form_token": token, "email": "ada@example.com", "password": PASSWORD}
    )
    second = response.cookies["aibc_session"]
    assert second != first
    browser.cookies.clear()
    browser.cookies.set("aibc_session", first)
    assert (await browser.get("/account")).status_code == 303
    standing = await connection.fetchval(
        "SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL", learner
    )
    assert standing == 1


async def test_signing_out_ends_the_session_not_only_the_cookie(
    browser: httpx.AsyncClient, learner: UUID
) -> None:
    await sign_in_here(browser)
    kept = browser.cookies["aibc_session"]
    response = await send_form(browser, "/account", "/sign-out")
    assert response.headers["location"] == "/sign-in?notice=signed-out"
    assert "You are signed out." in (await browser.get("/sign-in?notice=signed-out")).text
    browser.cookies.set("aibc_session", kept)
    assert (await browser.get("/account")).status_code == 303


async def test_a_page_whose_session_ended_elsewhere_still_signs_out(
    visit: Visit, learner: UUID, connection: Connection
) -> None:
    browser = await visit(learner)
    token = form_token(await browser.get("/account"))
    await connection.execute("UPDATE sessions SET revoked_at = now() WHERE user_id = $1", learner)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    refused = await browser.post("/sign-out", data={"form_token": token}, headers=foreign)
    assert refused.status_code == 403
    response = await browser.post("/sign-out", data={"form_token": token})
    assert response.headers["location"] == "/sign-in?notice=signed-out"
    assert 'aibc_session=""' in response.headers["set-cookie"]


async def test_a_page_of_an_older_session_does_not_sign_a_newer_one_out(
    visit: Visit, learner: UUID
) -> None:
    older = form_token(await (await visit(learner)).get("/account"))
    newer = await visit(learner)
    assert (await newer.post("/sign-out", data={"form_token": older})).status_code == 403
    assert (await newer.get("/account")).status_code == 200


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_form_that_is_too_large_is_read_on_for_a_browser_with_a_session(
    application: Application, visit: Visit, learner: UUID, is_known: bool
) -> None:
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(40):
            sent += 1
            yield bytes(64 * 1024)

    browser = await visit(learner)
    if not is_known:
        browser.cookies.set("aibc_session", f"{browser.cookies['aibc_session']}x")
    announced = {"Content-Length": str(40 * 64 * 1024)}
    response = await browser.post("/account/password", content=pieces(), headers=announced)
    assert response.status_code == 413
    assert (sent == 40) is is_known


async def test_a_changed_password_ends_every_session_of_the_pages_and_of_the_api(
    browser: httpx.AsyncClient, learner: UUID, sign_in: SignIn
) -> None:
    program = await sign_in(learner)
    await sign_in_here(browser)
    response = await send_form(
        browser,
        "/account",
        "/account/password",
        current_password=PASSWORD,
        new_password="Better-than-2026!",
    )
    assert response.headers["location"] == "/sign-in?notice=password-changed"
    assert (await browser.get("/account")).status_code == 303
    assert (await program.get("/api/v1/users/me")).status_code == 401
    assert (await sign_in_here(browser, password="Better-than-2026!")).status_code == 303


async def test_the_api_takes_no_cookie_and_the_pages_take_no_bearer(
    application: Application, visit: Visit, sign_in: SignIn, learner: UUID
) -> None:
    browser = await visit(learner)
    assert (await browser.get("/account")).status_code == 200
    assert (await browser.get("/api/v1/users/me")).status_code == 401
    cookie = browser.cookies["aibc_session"]
    async with client_of(application, {"Authorization": f"Bearer {cookie}"}) as program:
        assert (await program.get("/api/v1/users/me")).status_code == 401
    program = await sign_in(learner)
    access_token = program.headers["Authorization"].removeprefix("Bearer ")
    assert (await program.get("/account", headers={"Accept": "text/html"})).status_code == 303
    browser.cookies.set("aibc_session", access_token)
    assert (await browser.get("/account")).status_code == 303


async def test_suspension_and_demotion_act_on_the_next_page(
    visit: Visit, learner: UUID, connection: Connection
) -> None:
    browser = await visit(learner)
    assert (await browser.get("/account")).status_code == 200
    await connection.execute("UPDATE users SET account_status = 'suspended' WHERE id = $1", learner)
    response = await browser.get("/account")
    assert response.status_code == 403
    assert "suspended" in response.text


def unsafe_pages(application: Application) -> list[tuple[str, str]]:
    """Every form's address: what is neither the API, nor answered to a signature."""
    return [
        (method, path)
        for method, path, _ in iter_routes(application)
        if method not in ("GET", "HEAD") and not path.startswith(("/api/", "/files/"))
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Form-Token": "0" * 64},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
    ],
    ids=str,
)
async def test_no_form_is_taken_from_another_site_or_without_its_token(
    application: Application, visit: Visit, make_user: MakeUser, headers: dict[str, str]
) -> None:
    browser = await visit(await make_user(role="admin"))
    token = form_token(await browser.get("/account"))
    foreign = "Origin" in headers or "Sec-Fetch-Site" in headers
    sent = {**headers, "X-Form-Token": token} if foreign else headers
    for method, path in unsafe_pages(application):
        filled = path.format_map(_AnyId())
        response = await browser.request(method, filled, headers=sent)
        assert response.status_code == 403, f"{method} {path}: {response.status_code}"
        assert "not sent from a page of this session" in response.text


class _AnyId(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "00000000-0000-4000-8000-000000000000" if name.endswith("_id") else "anything"


async def test_the_token_of_one_session_is_worth_nothing_in_another(
    visit: Visit, make_user: MakeUser
) -> None:
    theirs = form_token(await (await visit(await make_user())).get("/account"))
    mine = await visit(await make_user())
    response = await mine.post("/account/password", data={"form_token": theirs})
    assert response.status_code == 403


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example/",
        "/a\nb",
        "javascript:alert(1)",
        "",
        "/sign-out",
        "/../\\evil",
    ],
)
def test_after_signing_in_nobody_is_sent_to_another_site(wanted: str) -> None:
    assert own_path(wanted) == "/dashboard"


async def test_a_visitor_without_a_session_signs_in_and_comes_back(
    browser: httpx.AsyncClient, learner: UUID
) -> None:
    response = await browser.get("/account?tab=1")
    assert response.headers["location"] == "/sign-in?next=%2Faccount%3Ftab%3D1"
    form = await browser.get(response.headers["location"])
    assert 'name="next" value="/account?tab=1"' in form.text
    response = await sign_in_here(browser, next="/account?tab=1")
    assert response.headers["location"] == "/account?tab=1"


async def test_a_wrong_password_says_so_and_keeps_the_email(
    browser: httpx.AsyncClient, learner: UUID
) -> None:
    response = await sign_in_here(browser, password="Wrong-2026!")
    assert response.status_code == 401
    assert 'value="ada@example.com"' in response.text
    assert "Wrong-2026!" not in response.text


async def test_guesses_by_form_and_by_api_are_counted_together(
    application: Application, browser: httpx.AsyncClient, learner: UUID
) -> None:
    for _ in range(3):
        await sign_in_here(browser, password="Wrong-2026!")
    async with client_of(application) as program:
        for _ in range(2):
            await program.post(
                "/api/v1/auth/login", data={"username": "ada@example.com", "password": "No-2026!x"}
            )
    locked = await sign_in_here(browser)
    assert locked.status_code == 423
    assert 0 < int(locked.headers["retry-after"]) <= 1800


async def test_signing_up_makes_a_learner_and_signs_them_in(
    browser: httpx.AsyncClient, connection: Connection
) -> None:
    response = await send_form(
        browser,
        "/sign-up",
        "/sign-up",
        email="new@example.com",
        full_name="Grace Hopper",
        password=PASSWORD,
        role="admin",
    )
    assert response.headers["location"] == "/dashboard?notice=welcome"
    assert "Grace Hopper" in (await browser.get("/account")).text
    role = await connection.fetchval("SELECT role FROM users WHERE email = 'new@example.com'")
    assert role == "student"


async def test_each_wrong_field_of_a_sign_up_has_its_sentence_and_nothing_typed_is_lost(
    browser: httpx.AsyncClient,
) -> None:
    response = await send_form(
        browser, "/sign-up", "/sign-up", email="grace@", full_name="Grace", password="short"
    )
    assert response.status_code == 422
    assert 'value="grace@"' in response.text
    assert 'value="Grace"' in response.text
    assert "name@example.com" in response.text
    assert response.text.count('aria-invalid="true"') == 2


async def test_a_nul_in_a_form_is_refused_in_a_sentence(browser: httpx.AsyncClient) -> None:
    response = await send_form(
        browser, "/sign-up", "/sign-up", email="a\0@example.com", full_name="G", password=PASSWORD
    )
    assert response.status_code == 422


@pytest.mark.parametrize("alphabet", ["undefined", "punycode", "unicode_escape"])
async def test_a_form_in_an_alphabet_that_cannot_be_read_is_refused_in_a_sentence(
    browser: httpx.AsyncClient, alphabet: str
) -> None:
    token = form_token(await browser.get("/sign-in"))
    fields = {"form_token": token, "email": r"\ud800@example.com", "password": PASSWORD}
    form = "".join(
        f'--line\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    )
    refused = await browser.post(
        "/sign-in",
        content=f"{form}--line--\r\n",
        headers={"Content-Type": f"multipart/form-data; boundary=line; charset={alphabet}"},
    )
    assert refused.status_code == 422
    assert "The body of the request could not be read." in refused.text


async def test_demo_sign_ins_are_shown_where_they_exist_and_nowhere_else(
    browser: httpx.AsyncClient, make_user: MakeUser, connection: Connection
) -> None:
    assert "Demo sign-ins" not in (await browser.get("/sign-in")).text
    demo = await make_user(email="learner@example.com")
    await connection.execute("UPDATE users SET is_demo = true WHERE id = $1", demo)
    page = await browser.get("/sign-in")
    assert "email=learner%40example.com" in page.text
    assert (
        'value="learner@example.com"'
        in (await browser.get("/sign-in?email=learner@example.com")).text
    )
