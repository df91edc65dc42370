"""Errors of accounts.

AibcError
├── WrongSignIn           401  unknown e-mail or wrong password: the caller never learns which
├── SignInLocked          423  too many wrong passwords
├── RefreshRefused        401  a refresh token that is forged, expired, used up or revoked
├── WrongPassword         400  the current password of a signed-in person
├── EmailTaken            409
├── LastAdmin             409
├── UserNotFound          404
├── TooManySignups        429
└── UnusableInput         422  what the command line was given; the API refuses it by its models
"""

from __future__ import annotations

from aibc.errors import AibcError


class WrongSignIn(AibcError):
    """The e-mail or the password is not right."""

    code = "wrong_sign_in"
    status = 401

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class SignInLocked(AibcError):
    """Too many wrong passwords. Please wait before you try again."""

    code = "sign_in_locked"
    status = 423

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(
            f"Too many wrong passwords. Please try again in {minutes} {unit}.",
            headers={"Retry-After": str(seconds)},
        )


class RefreshRefused(AibcError):
    """This sign-in has ended. Please sign in again."""

    code = "refresh_refused"
    status = 401

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class WrongPassword(AibcError):
    """Your current password is not right."""

    code = "wrong_password"
    status = 400


class EmailTaken(AibcError):
    """An account with this e-mail exists already. Please sign in, or use another e-mail."""

    code = "email_taken"
    status = 409


class LastAdmin(AibcError):
    """This is the last active administrator. Make somebody else an administrator first."""

    code = "last_admin"
    status = 409


class UserNotFound(AibcError):
    """There is no such user."""

    code = "user_not_found"
    status = 404


class TooManySignups(AibcError):
    """Too many accounts were made from your address. Please try again later."""

    code = "too_many_signups"
    status = 429

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(
            f"Too many accounts were made from your address. Please try again in {minutes} {unit}.",
            headers={"Retry-After": str(seconds)},
        )


class UnusableInput(AibcError):
    """A value is not usable."""

    code = "unusable_input"
    status = 422
