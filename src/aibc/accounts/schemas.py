"""Requests and responses of accounts."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from aibc.accounts.actors import Role
from aibc.accounts.emails import MAX_LENGTH as MAX_EMAIL_LENGTH
from aibc.accounts.emails import checked_email
from aibc.accounts.passwords import checked_password
from aibc.http.schemas import RequestModel, ResponseModel, refuse_unstorable

AccountStatus = Literal["active", "suspended"]

MAX_TYPED_PASSWORD = 1024
MAX_TOKEN_LENGTH = 4096


# Format characters that shape what is written: joiners of Persian and Indic scripts and of emoji.
_JOINERS = frozenset("\u200c\u200d")


def checked_name(text: str) -> str:
    """The name with its spaces tidied, without characters that turn or hide the text beside it.

    Raises ValueError with a sentence when nothing visible is left.
    """
    kept = (sign for sign in text if sign in _JOINERS or unicodedata.category(sign) != "Cf")
    name = " ".join("".join(kept).split())
    if not name.strip("\u200c\u200d ") or any(unicodedata.category(sign) == "Cc" for sign in name):
        raise ValueError("Please give your name.")
    return name


Email = Annotated[str, Field(max_length=MAX_EMAIL_LENGTH), AfterValidator(checked_email)]
FullName = Annotated[str, Field(max_length=200), AfterValidator(checked_name)]
NewPassword = Annotated[str, AfterValidator(checked_password)]
TypedPassword = Annotated[str, Field(min_length=1, max_length=MAX_TYPED_PASSWORD)]
SentToken = Annotated[str, Field(min_length=1, max_length=MAX_TOKEN_LENGTH)]


class SignUp(RequestModel):
    email: Email = Field(examples=["ada@example.com"])
    full_name: FullName = Field(examples=["Ada Lovelace"])
    password: NewPassword = Field(
        description="8 to 128 characters with an upper-case and a lower-case letter, a digit and "
        "a special character.",
        examples=["Bootcamp-2026!"],
    )


class SignInForm(BaseModel):
    """The OAuth 2 password form; its other fields are ignored, as the standard asks."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    username: str = Field(min_length=1, max_length=320, examples=["ada@example.com"])
    password: TypedPassword = Field(examples=["Bootcamp-2026!"])

    @model_validator(mode="before")
    @classmethod
    def _refuse_unstorable(cls, data: Any) -> Any:
        refuse_unstorable(data)
        return data


class RefreshRequest(RequestModel):
    refresh_token: SentToken = Field(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…"])


class PasswordChange(RequestModel):
    current_password: TypedPassword = Field(examples=["Bootcamp-2026!"])
    new_password: NewPassword = Field(examples=["Better-than-2026!"])


class SignedIn(ResponseModel):
    """A pair of tokens; the refresh token buys the next pair."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # the kind of token, not one
    expires_in: int = Field(description="Seconds the access token lives.", examples=[3600])


class User(ResponseModel):
    id: UUID
    email: str = Field(examples=["ada@example.com"])
    full_name: str = Field(examples=["Ada Lovelace"])
    email_verified: bool
    created_at: datetime
    account_status: AccountStatus
    onboarding_completed: bool
    role: Role


class UserList(ResponseModel):
    """One page of accounts, newest first."""

    total: int = Field(description="How many accounts match, on all pages.")
    users: list[User]
    limit: int
    offset: int


class UserFilter(RequestModel):
    """Which accounts to list."""

    search: str = Field(default="", max_length=200, description="Part of a name or e-mail.")
    role: Role | None = None
    account_status: AccountStatus | None = None
    limit: int = Field(default=50, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=10_000_000)


class UserChange(RequestModel):
    """What to change of an account; at least one of the two."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "instructor"}]})

    role: Role | None = None
    account_status: AccountStatus | None = None

    @model_validator(mode="after")
    def _change_something(self) -> Self:
        if self.role is None and self.account_status is None:
            raise ValueError("Please give a role or an account_status to change.")
        return self
