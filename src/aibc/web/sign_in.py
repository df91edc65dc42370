"""Sign up, sign in, sign out, and change the password, as pages."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.accounts import sign_in
from aibc.accounts.actors import Public
from aibc.accounts.context import DoorDep
from aibc.accounts.demo_sign_ins import DEMO_PASSWORD, demo_emails
from aibc.accounts.page_sessions import end_page_session, sign_in_to_pages
from aibc.accounts.schemas import PasswordChange, SignInForm, SignUp
from aibc.accounts.sign_in import Door
from aibc.errors import AibcError
from aibc.http.context import ClientAddressDep, DatabaseDep
from aibc.http.errors import ValidationFailed
from aibc.web.forms import field_errors, read_form, require_own_origin, validated
from aibc.web.templating import render
from aibc.web.visitors import Guest, PageLearner, Visitor

router = APIRouter(include_in_schema=False)

# A path of ours: what begins with two slashes, or a slash and a backslash, names another site.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
_HOME = "/dashboard"


def own_path(wanted: str) -> str:
    """Where to go after signing in: the path that was wanted, if it is one of ours."""
    if _OWN_PATH.fullmatch(wanted) and wanted != "/" and not wanted.startswith("/sign-"):
        return wanted
    return _HOME


@router.get("/sign-in", dependencies=[Public])
async def show_sign_in(
    visitor: Guest,
    database: DatabaseDep,
    next: str = "/",  # noqa: A002  # in the address
    email: str = "",
) -> Response:
    """The form; somebody who is signed in already goes where they wanted."""
    if visitor.person:
        return RedirectResponse(own_path(next), 303)
    return render(
        visitor,
        "account/sign_in.html",
        next=own_path(next),
        email=email,
        errors={},
        demo_emails=await demo_emails(database),
        demo_password=DEMO_PASSWORD,
    )


@router.post("/sign-in", dependencies=[Public])
async def sign_in_here(
    request: Request, visitor: Guest, door: DoorDep, address: ClientAddressDep
) -> Response:
    """A new session, whatever session the browser had before."""
    fields = await read_form(request, visitor)
    wanted = own_path(fields.get("next", "/"))
    email = fields.get("email", "")
    try:
        form = validated(SignInForm, {"username": email, "password": fields.get("password", "")})
        token = await sign_in_to_pages(door, form.username, form.password, address)
    except AibcError as error:
        return _sign_in_again(visitor, error, wanted, email)
    return await _with_session(request, visitor, door, token, wanted)


@router.get("/sign-up", dependencies=[Public])
async def show_sign_up(visitor: Guest) -> Response:
    """The form; somebody who is signed in already has an account."""
    if visitor.person:
        return RedirectResponse(_HOME, 303)
    return render(visitor, "account/sign_up.html", email="", full_name="", errors={})


@router.post("/sign-up", dependencies=[Public])
async def sign_up_here(
    request: Request, visitor: Guest, door: DoorDep, address: ClientAddressDep
) -> Response:
    """A new account, and its first session."""
    fields = await read_form(request, visitor)
    names = ("email", "full_name", "password")
    try:
        wanted = validated(SignUp, {name: fields.get(name, "") for name in names})
        await sign_in.sign_up(door, wanted, address)
        token = await sign_in_to_pages(door, wanted.email, wanted.password, address)
    except AibcError as error:
        return render(
            visitor,
            "account/sign_up.html",
            status=error.status,
            headers=error.headers,
            email=fields.get("email", ""),
            full_name=fields.get("full_name", ""),
            errors=field_errors(error) or {"form": error.detail},
        )
    return await _with_session(request, visitor, door, token, f"{_HOME}?notice=welcome")


@router.post("/sign-out", dependencies=[Public])
async def sign_out(request: Request, visitor: Guest, door: DoorDep) -> Response:
    """Ends this session; other browsers stay signed in.

    A page outlives its session, which may have ended elsewhere: then there is nothing left that
    another site could end, and no token that the page could know.
    """
    if visitor.person is None:
        require_own_origin(request)
    else:
        await read_form(request, visitor)
        await _end_former_session(request, visitor, door)
    response = RedirectResponse("/sign-in?notice=signed-out", 303)
    visitor.cookies.clear(response, visitor.cookies.session)
    return response


@router.get("/account")
async def show_account(visitor: PageLearner) -> Response:
    """Who you are, and how to change the password."""
    return render(visitor, "account/account.html", errors={})


@router.post("/account/password")
async def change_password(
    request: Request, visitor: PageLearner, door: DoorDep, address: ClientAddressDep
) -> Response:
    """Ends every session of the account, this one too."""
    fields = await read_form(request, visitor)
    names = ("current_password", "new_password")
    try:
        change = validated(PasswordChange, {name: fields.get(name, "") for name in names})
        await sign_in.change_password(
            door, visitor.user_id, change.current_password, change.new_password, address
        )
    except AibcError as error:
        errors = field_errors(error) or {"current_password": error.detail}
        return render(
            visitor,
            "account/account.html",
            status=error.status,
            headers=error.headers,
            errors=errors,
        )
    response = RedirectResponse("/sign-in?notice=password-changed", 303)
    visitor.cookies.clear(response, visitor.cookies.session)
    return response


def _sign_in_again(visitor: Visitor, error: AibcError, wanted: str, email: str) -> Response:
    sentence = error.detail
    if isinstance(error, ValidationFailed):
        sentence = "Please give your e-mail and your password."
    return render(
        visitor,
        "account/sign_in.html",
        status=error.status,
        headers=error.headers,
        next=wanted,
        email=email,
        errors={"form": sentence},
        demo_emails=[],
    )


async def _with_session(
    request: Request, visitor: Visitor, door: Door, token: str, location: str
) -> Response:
    await _end_former_session(request, visitor, door)
    response = RedirectResponse(location, 303)
    seconds = int(door.tokens.refresh_lifetime.total_seconds())
    visitor.cookies.set(response, visitor.cookies.session, token, seconds)
    return response


async def _end_former_session(request: Request, visitor: Visitor, door: Door) -> None:
    former = request.cookies.get(visitor.cookies.session)
    if former:
        await end_page_session(door.database, door.tokens, former)
