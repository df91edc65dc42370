"""What the application holds while it runs, and the dependencies that hand it to routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from aibc.database.pool import Database
from aibc.http.access import TokenVerifier
from aibc.http.addresses import client_address
from aibc.settings import Settings
from aibc.storage.store import ObjectStore


@dataclass(frozen=True)
class AppState:
    """At `app.state.aibc` from start to stop.

    `tokens`, `passwords` and `catalog` belong to slices, which this package does not know: each
    slice has a typed dependency of its own for them.
    """

    settings: Settings
    database: Database
    store: ObjectStore
    tokens: TokenVerifier
    passwords: Any
    catalog: Any


def get_state(request: Request) -> AppState:
    state: AppState = request.app.state.aibc
    return state


def get_database(request: Request) -> Database:
    return get_state(request).database


def get_settings(request: Request) -> Settings:
    return get_state(request).settings


def get_client_address(request: Request) -> str:
    return client_address(request.scope, get_settings(request).server.trusted_proxy_hops)


# Dependencies are coroutines: the framework would send plain functions to a thread and wait.


async def _state(request: Request) -> AppState:
    return get_state(request)


async def _database(request: Request) -> Database:
    return get_database(request)


async def _settings(request: Request) -> Settings:
    return get_settings(request)


async def _client_address(request: Request) -> str:
    return get_client_address(request)


StateDep = Annotated[AppState, Depends(_state)]
DatabaseDep = Annotated[Database, Depends(_database)]
SettingsDep = Annotated[Settings, Depends(_settings)]
ClientAddressDep = Annotated[str, Depends(_client_address)]
