"""Who is looking at a page, by the cookie of their browser. The API knows no cookies.

async def show(visitor: PageLearner, …)   anybody who is signed in
async def show(visitor: PageStaff, …)     instructors and administrators
async def show(visitor: PageAdmin, …)     administrators
async def show(visitor: Guest, …)         everybody, signed in or not; the route is Public
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends
from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import Response

from aibc.accounts.actors import ADMIN, LEARNER, STAFF, Actor
from aibc.accounts.page_sessions import SignedInPerson, identify_visitor
from aibc.accounts.tokens import Tokens
from aibc.http.access import AccessRule, marks_access
from aibc.http.context import AppState, get_state
from aibc.http.errors import (
    AccountSuspended,
    CredentialRefused,
    InvalidToken,
    SignInRequired,
)
from aibc.http.request_info import info_of
from aibc.settings import Settings


@dataclass(frozen=True)
class Cookies:
    """The names of our cookies, and how they are set.

    Over https the name itself promises a browser that no other host or path has set the cookie;
    on this machine's loopback there is no https to promise it with.
    """

    is_https: bool

    @property
    def session(self) -> str:
        return self._name("aibc_session")

    @property
    def visit(self) -> str:
        return self._name("aibc_visit")

    def set(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(
            name, value, max_age=seconds, secure=self.is_https, httponly=True, samesite="lax"
        )

    def clear(self, response: Response, name: str) -> None:
        response.delete_cookie(name, secure=self.is_https, httponly=True, samesite="lax")

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.is_https else name


@dataclass(frozen=True)
class Visitor:
    """Somebody at a page: a person who is signed in, or a visit that only has a cookie."""

    person: SignedInPerson | None
    form_token: str
    path: str
    cookies: Cookies
    notice: str
    new_visit: str | None = None

    @property
    def actor(self) -> Actor:
        """The admitted person; only asked for where the route requires one."""
        if self.person is None:
            raise SignInRequired
        return self.person.actor

    @property
    def user_id(self) -> UUID:
        return self.actor.user_id

    @property
    def is_staff(self) -> bool:
        return self.person is not None and self.person.actor.is_staff

    @property
    def is_admin(self) -> bool:
        return self.person is not None and self.person.actor.is_admin

    def remember(self, response: Response) -> None:
        """Give a first-time visitor the cookie that their forms are bound to."""
        if self.new_visit:
            self.cookies.set(response, self.cookies.visit, self.new_visit, None)


def cookies_of(state: AppState) -> Cookies:
    return _cookies(state.settings)


def page_session_check(settings: Settings, tokens: Tokens) -> Callable[[Headers], bool]:
    """Tells from a request's headers whether they hold the cookie of a session we have made.

    It may have ended since: that only the database knows.
    """
    name = _cookies(settings).session

    def has_page_session(headers: Headers) -> bool:
        cookie = cookie_parser(headers.get("cookie", "")).get(name)
        try:
            return cookie is not None and bool(tokens.verify_page(cookie))
        except InvalidToken:
            return False

    return has_page_session


def _cookies(settings: Settings) -> Cookies:
    return Cookies(is_https=settings.server.public_url.startswith("https://"))


def tokens_of(state: AppState) -> Tokens:
    return cast(Tokens, state.tokens)


def unidentified(request: Request) -> Visitor:
    """The visitor of a page that asks nobody's name, or could not."""
    state = get_state(request)
    cookies = cookies_of(state)
    visit = request.cookies.get(cookies.visit, "")
    new_visit = None if visit else secrets.token_urlsafe(24)
    token = tokens_of(state).form_token(f"visit:{visit or new_visit}")
    return Visitor(None, token, request.url.path, cookies, _notice(request), new_visit)


async def _identified(request: Request, rule: AccessRule) -> Visitor:
    state = get_state(request)
    cookies, tokens = cookies_of(state), tokens_of(state)
    cookie = request.cookies.get(cookies.session)
    if not cookie:
        raise SignInRequired
    person = await identify_visitor(state.database, tokens, cookie, rule)
    info_of(request.scope).user_id = person.actor.user_id
    token = tokens.form_token(f"session:{person.actor.session_id}")
    return Visitor(person, token, request.url.path, cookies, _notice(request))


def _notice(request: Request) -> str:
    return request.query_params.get("notice", "")


def _requires(rule: AccessRule) -> Callable[[Request], Coroutine[Any, Any, Visitor]]:
    @marks_access(rule)
    async def visitor(request: Request) -> Visitor:
        return await _identified(request, rule)

    return visitor


async def guest(request: Request) -> Visitor:
    """Whoever it is; a cookie that no longer stands for anybody is as good as none."""
    try:
        return await _identified(request, LEARNER)
    except (CredentialRefused, AccountSuspended):
        return unidentified(request)


PageLearner = Annotated[Visitor, Depends(_requires(LEARNER))]
PageStaff = Annotated[Visitor, Depends(_requires(STAFF))]
PageAdmin = Annotated[Visitor, Depends(_requires(ADMIN))]
Guest = Annotated[Visitor, Depends(guest)]
