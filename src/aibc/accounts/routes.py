"""/api/v1/auth: sign up, sign in, stay signed in, sign out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form

from aibc.accounts import sessions, sign_in
from aibc.accounts.actors import Learner, Public
from aibc.accounts.context import DoorDep
from aibc.accounts.schemas import (
    PasswordChange,
    RefreshRequest,
    SignedIn,
    SignInForm,
    SignUp,
    User,
)
from aibc.accounts.tokens import TokenPair, Tokens
from aibc.http.context import ClientAddressDep
from aibc.http.openapi import problems
from aibc.http.schemas import Message

router = APIRouter(tags=["auth"])


@router.post(
    "/signup",
    status_code=201,
    dependencies=[Public],
    summary="Make an account",
    responses=problems(429, s409="An account with this e-mail exists already."),
)
async def sign_up(body: SignUp, door: DoorDep, address: ClientAddressDep) -> User:
    """Everybody who signs up is a learner; roles are given by administrators."""
    return User.model_validate(dict(await sign_in.sign_up(door, body, address)))


@router.post(
    "/login",
    dependencies=[Public],
    summary="Sign in",
    responses=problems(401, 403, 423),
)
async def log_in(
    form: Annotated[SignInForm, Form()], door: DoorDep, address: ClientAddressDep
) -> SignedIn:
    """By e-mail (as `username`) and password; five wrong ones from one address lock it."""
    pair = await sign_in.sign_in(door, form.username, form.password, address)
    return _signed_in(pair, door.tokens)


@router.post(
    "/refresh",
    dependencies=[Public],
    summary="Get the next pair of tokens",
    responses=problems(401, 403),
)
async def refresh(body: RefreshRequest, door: DoorDep) -> SignedIn:
    """A refresh token buys one pair; tabs that ask at the same moment are answered alike.

    Using it again later ends the sign-in everywhere, because somebody else may hold it.
    """
    pair = await sessions.refresh(door.database, door.tokens, body.refresh_token)
    return _signed_in(pair, door.tokens)


@router.post(
    "/logout",
    dependencies=[Public],
    summary="Sign out",
    responses=problems(401),
)
async def log_out(body: RefreshRequest, door: DoorDep) -> Message:
    """Ends the sign-in the refresh token belongs to, at once; other devices stay signed in."""
    await sessions.end_session(door.database, door.tokens, body.refresh_token)
    return Message(message="You are signed out.")


@router.post(
    "/change-password",
    summary="Change the password",
    responses=problems(423, s400="The current password is not right."),
)
async def change_password(
    actor: Learner, body: PasswordChange, door: DoorDep, address: ClientAddressDep
) -> Message:
    """Ends every sign-in of the account, this one too."""
    await sign_in.change_password(
        door, actor.user_id, body.current_password, body.new_password, address
    )
    return Message(message="Your password is changed. Please sign in again.")


def _signed_in(pair: TokenPair, tokens: Tokens) -> SignedIn:
    return SignedIn(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        expires_in=int(tokens.access_lifetime.total_seconds()),
    )
