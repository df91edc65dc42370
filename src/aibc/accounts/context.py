"""Typed access to what this slice keeps in the application's state."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends

from aibc.accounts.passwords import Passwords
from aibc.accounts.sign_in import Door
from aibc.accounts.tokens import Tokens
from aibc.http.context import StateDep


async def get_door(state: StateDep) -> Door:
    return Door(
        database=state.database,
        passwords=cast(Passwords, state.passwords),
        tokens=cast(Tokens, state.tokens),
        limits=state.settings.sign_in,
    )


DoorDep = Annotated[Door, Depends(get_door)]
