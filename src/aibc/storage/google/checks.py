"""Whether a bucket is set up as the service needs it, asked by doing what the service will do.

Two rights on the bucket and one on the account itself are enough: create objects, read objects,
sign. So the checks need no more: they store one small object, once, and read it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus

import orjson
import structlog

from aibc.settings import SettingsError
from aibc.storage.google.attempts import limited
from aibc.storage.google.client import BucketClient
from aibc.storage.google.cors import preflight_refusal
from aibc.storage.google.credentials import NoSigner
from aibc.storage.google.errors import StorageRefused
from aibc.storage.google.links import download_link, upload_request
from aibc.storage.google.transport import Answer, NoAnswer
from aibc.storage.store import ObjectMissing, StorageError, StorageUnavailable

log = structlog.get_logger("aibc.storage")

PROBE_KEY = "aibc-storage-check"
PROBE = b"AIBC stores files in this bucket.\n"
PROBE_DISPOSITION = 'attachment; filename="aibc-storage-check.txt"'
PROBE_LIFETIME = timedelta(minutes=5)

# A start waits no longer for an answer.
VERIFY_SECONDS = 10.0

_ROLES = {
    "storage.objects.create": "roles/storage.objectCreator",
    "storage.objects.get": "roles/storage.objectViewer",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: what was found, in a sentence, and how to mend what is bad."""

    name: str
    is_good: bool
    detail: str
    remedy: str = ""


async def verify_bucket(client: BucketClient) -> None:
    """Raise SettingsError where Google says that the bucket cannot be used as it is.

    A bucket that does not answer is only logged: it may come back, and the service waits for it.
    """
    try:
        async with limited(VERIFY_SECONDS):
            for check in (_check_rights, _check_signature):
                finding = await check(client)
                if not finding.is_good:
                    raise SettingsError(f"{finding.detail} {finding.remedy}".strip())
    except StorageRefused as error:
        raise SettingsError(error.detail) from error
    except StorageError as error:
        log.warning("storage_not_verified", code=error.code)


async def inspect_bucket(client: BucketClient, origins: tuple[str, ...]) -> list[Finding]:
    """Check everything, also what the start does not ask; `origins` are those of the pages."""
    checks: list[tuple[str, Callable[[], Awaitable[Finding]]]] = [
        ("rights", partial(_check_rights, client)),
        ("signature", partial(_check_signature, client)),
        ("signed upload", partial(_check_upload, client)),
        ("signed download", partial(_check_download, client)),
        ("privacy", partial(_check_privacy, client)),
        *((f"CORS for {origin}", partial(_check_cors, client, origin)) for origin in origins),
    ]
    return [await _found(name, check) for name, check in checks]


async def _found(name: str, check: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await check()
    except StorageError as error:
        return Finding(name, False, error.detail)


async def _check_rights(client: BucketClient) -> Finding:
    wanted = "&".join(f"permissions={name}" for name in _ROLES)
    url = f"{client.endpoint}/storage/v1/b/{client.bucket}/iam/testPermissions?{wanted}"
    try:
        answer = await client.patiently("GET", url)
    except ObjectMissing:
        return _missing_bucket(client)
    held = orjson.loads(answer.body).get("permissions", [])
    missing = [role for permission, role in _ROLES.items() if permission not in held]
    if not missing:
        return Finding("rights", True, f"Files can be stored in gs://{client.bucket} and read.")
    account = await client.identity.email()
    return Finding(
        "rights",
        False,
        f"{account} lacks {' and '.join(missing)} on gs://{client.bucket}.",
        "Run: " + " && ".join(_grant(client.bucket, account, role) for role in missing),
    )


async def _check_signature(client: BucketClient) -> Finding:
    account = await client.identity.email()
    try:
        await client.identity.sign(PROBE)
    except NoSigner:
        raise
    except StorageRefused:
        return Finding(
            "signature",
            False,
            f"{account} lacks roles/iam.serviceAccountTokenCreator on itself, to sign links.",
            f"Run: gcloud iam service-accounts add-iam-policy-binding {account} "
            f"--member=serviceAccount:{account} --role=roles/iam.serviceAccountTokenCreator",
        )
    return Finding("signature", True, f"{account} can sign links.")


async def _check_upload(client: BucketClient) -> Finding:
    upload = await upload_request(
        client,
        PROBE_KEY,
        size=len(PROBE),
        content_type="text/plain",
        content_disposition=PROBE_DISPOSITION,
        lifetime=PROBE_LIFETIME,
    )
    headers = {**upload.headers, "Content-Length": str(len(PROBE))}
    answer = await _anonymously(client, "PUT", upload.url, headers, PROBE)
    # 412: it stands there since an earlier check, which only a valid signature gets to hear.
    if answer.status in (HTTPStatus.OK, HTTPStatus.PRECONDITION_FAILED):
        return Finding("signed upload", True, "A browser can upload by a signed link.")
    return Finding("signed upload", False, f"A signed upload was answered {answer.status}.")


async def _check_download(client: BucketClient) -> Finding:
    url = await download_link(client, PROBE_KEY, PROBE_DISPOSITION, PROBE_LIFETIME)
    answer = await _anonymously(client, "GET", url)
    disposition = answer.headers.get("content-disposition")
    if (answer.body, disposition) == (PROBE, PROBE_DISPOSITION):
        return Finding("signed download", True, "A browser can download by a signed link.")
    return Finding("signed download", False, f"A signed download was answered {answer.status}.")


async def _check_privacy(client: BucketClient) -> Finding:
    listing = await _anonymously(client, "GET", f"{client.url()}?max-keys=1")
    reading = await _anonymously(client, "GET", client.url(PROBE_KEY))
    if HTTPStatus.OK not in (listing.status, reading.status):
        return Finding("privacy", True, "Nobody gets at files without a link.")
    return Finding(
        "privacy",
        False,
        f"Anybody can read gs://{client.bucket} without a link.",
        f"Run: gcloud storage buckets update gs://{client.bucket} --public-access-prevention "
        "--uniform-bucket-level-access",
    )


async def _check_cors(client: BucketClient, origin: str) -> Finding:
    refusal = await preflight_refusal(client, origin)
    if refusal is None:
        return Finding("CORS", True, f"Pages of {origin} may upload into the bucket.")
    return Finding(
        "CORS", False, f"Pages of {origin} may not upload: {refusal}.", "Run: aibc storage setup"
    )


def _missing_bucket(client: BucketClient) -> Finding:
    return Finding(
        "bucket",
        False,
        f"There is no bucket gs://{client.bucket}: correct GCS_BUCKET_NAME, or create it.",
        f"Run: gcloud storage buckets create gs://{client.bucket} --location=REGION "
        "--uniform-bucket-level-access --public-access-prevention",
    )


def _grant(bucket: str, account: str, role: str) -> str:
    return (
        f"gcloud storage buckets add-iam-policy-binding gs://{bucket} "
        f"--member=serviceAccount:{account} --role={role}"
    )


async def _anonymously(
    client: BucketClient,
    method: str,
    url: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    try:
        return await client.transport.request(method, url, headers or {}, [body] if body else ())
    except NoAnswer as error:
        raise StorageUnavailable from error
