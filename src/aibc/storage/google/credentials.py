"""Who the service is to Google: access tokens, and signatures in the account's name.

Either a service account's key file, which signs by itself, or the platform's default credentials,
for which Google's IAM Credentials service signs (signBlob).
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from google.auth import default as platform_default
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.auth.transport.urllib3 import Request
from google.oauth2 import service_account

from aibc.settings import SettingsError
from aibc.storage.google.attempts import Attempts
from aibc.storage.google.errors import StorageRefused, Transient, require_success
from aibc.storage.google.transport import NoAnswer, Transport

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
# Until a link is signed or refused: nobody waits longer for a click on "download".
SIGNING_SECONDS = 5.0
TOKEN_SECONDS = 5.0


class NoSigner(StorageRefused):
    """The Google credentials belong to no service account, so they cannot sign links; \
use a service account, or impersonate one."""

    code = "storage_cannot_sign"


class Identity:
    """Access tokens and signatures of one account. Nothing is sent before the first is needed.

    Raises SettingsError at once when `credentials_file` cannot be used.
    """

    def __init__(self, transport: Transport, credentials_file: str, signing_endpoint: str) -> None:
        self._transport = transport
        self._signing_endpoint = signing_endpoint
        self._google: Any = _from_file(credentials_file) if credentials_file else None
        self._refreshing: asyncio.Task[None] | None = None

    async def token(self) -> str:
        """An access token that is valid for minutes to come.

        Raises Transient, and StorageRefused where there are no credentials at all.
        """
        if self._google is None or not self._google.valid:
            await self._refresh()
        token: str = self._google.token
        return token

    def forget_token(self) -> None:
        """Get a new token next time: Google has refused this one."""
        if self._google is not None:
            self._google.token = None

    async def email(self) -> str:
        """The service account's address. Raises NoSigner when there is no service account."""
        if not isinstance(self._google, service_account.Credentials):
            await self.token()
        email = getattr(self._google, "service_account_email", None)
        if not email or "@" not in email:
            raise NoSigner
        return str(email)

    async def sign(self, message: bytes) -> bytes:
        """The account's RSA-SHA256 signature. Raises StorageUnavailable within five seconds."""
        if isinstance(self._google, service_account.Credentials):
            signature: bytes = self._google.sign_bytes(message)
            return signature
        try:
            async with asyncio.timeout(SIGNING_SECONDS):
                return await self._sign_remotely(message)
        except TimeoutError:
            raise Transient from None

    async def _sign_remotely(self, message: bytes) -> bytes:
        url = (
            f"{self._signing_endpoint}/v1/projects/-/serviceAccounts/"
            f"{quote(await self.email())}:signBlob"
        )
        body = orjson.dumps({"payload": base64.b64encode(message).decode()})
        async for _ in Attempts(most=2):
            headers = {
                "Authorization": f"Bearer {await self.token()}",
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
            }
            with suppress(NoAnswer, Transient):
                answer = await self._transport.request("POST", url, headers, [body])
                signed = orjson.loads(require_success(answer).body)
                return base64.b64decode(signed["signedBlob"])
        raise AssertionError("unreachable: attempts end by raising")

    async def _refresh(self) -> None:
        # One for all who wait: a token service in trouble must not be stormed.
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._transport.in_thread(self._refresh_now))
            self._refreshing.add_done_callback(_forget_failure)
        try:
            async with asyncio.timeout(TOKEN_SECONDS):
                await asyncio.shield(self._refreshing)
        except TimeoutError:
            raise Transient from None

    def _refresh_now(self) -> None:
        try:
            if self._google is None:
                self._google, _ = platform_default(scopes=SCOPES)
            self._google.refresh(Request(self._transport.pool))  # type: ignore[no-untyped-call]
        except DefaultCredentialsError as error:
            raise StorageRefused(
                "There are no Google credentials here: let GOOGLE_APPLICATION_CREDENTIALS name a "
                "key file, or run where the platform gives the service an account."
            ) from error
        except GoogleAuthError as error:
            raise (Transient if error.retryable else StorageRefused) from error


def _from_file(path: str) -> Any:
    """A service account's key; None for other kinds of file, which the platform's loader reads.

    It finds them by the same variable of the environment.
    """
    try:
        content = orjson.loads(Path(path).read_bytes())
        if content["type"] != "service_account":
            return None
        return service_account.Credentials.from_service_account_info(content, scopes=SCOPES)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, LookupError, TypeError, GoogleAuthError) as error:
        raise SettingsError(
            "GOOGLE_APPLICATION_CREDENTIALS does not name a readable Google credentials file."
        ) from error


def _forget_failure(task: asyncio.Task[None]) -> None:
    """Who waits for it raises it; when nobody does, there is nothing to warn of."""
    if not task.cancelled():
        task.exception()
