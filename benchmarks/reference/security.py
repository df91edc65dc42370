"""Who is asking: a bearer token, and the user it names."""

from __future__ import annotations

import os
from typing import Annotated
from uuid import UUID

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from benchmarks.reference.database import SessionDep
from benchmarks.reference.models import User

_bearer = HTTPBearer()


async def get_current_user(
    session: SessionDep, credentials: Annotated[HTTPAuthorizationCredentials, Depends(_bearer)]
) -> User:
    try:
        claims = jwt.decode(
            credentials.credentials,
            os.environ["JWT_SECRET_KEY"],
            algorithms=["HS256"],
            audience="aibc-access",
        )
    except jwt.PyJWTError as error:
        raise HTTPException(401, "Please sign in.") from error
    user = await session.get(User, UUID(claims["sub"]))
    if user is None or user.account_status != "active":
        raise HTTPException(401, "Please sign in.")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


async def get_reviewer(user: CurrentUser) -> User:
    if user.role not in ("instructor", "admin"):
        raise HTTPException(403, "Only for staff.")
    return user


Reviewer = Annotated[User, Depends(get_reviewer)]
