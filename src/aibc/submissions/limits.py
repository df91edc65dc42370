"""A learner's limits on uploads, as the database counted them, in words and headers."""

from __future__ import annotations

from aibc.database.pool import Record
from aibc.settings import MEBIBYTE, UploadSettings
from aibc.submissions.errors import UploadLimitReached


def limit_headers(claim: Record, limits: UploadSettings) -> dict[str, str]:
    """How many more uploads this hour takes, and in how many seconds it takes more."""
    reset = claim["retry_after_seconds"] or claim["seconds_to_reset"]
    return {
        "RateLimit-Limit": str(limits.uploads_per_hour),
        "RateLimit-Remaining": str(claim["uploads_remaining"]),
        "RateLimit-Reset": str(reset),
    }


def limit_reached(claim: Record, limits: UploadSettings) -> UploadLimitReached:
    """The error for a claim that the database refused to make."""
    wait = claim["retry_after_seconds"]
    reasons = {
        "upload_limit_reached": f"You have handed in {limits.uploads_per_hour} files "
        "within an hour",
        "upload_volume_reached": "This file would take you beyond the "
        f"{limits.bytes_per_day // MEBIBYTE} MB of one day",
        "too_many_refused_files": f"{limits.refusals_per_hour} of your files were refused within "
        "an hour; check the type and size that this resource takes",
    }
    return UploadLimitReached(
        claim["refusal_code"],
        f"{reasons[claim['refusal_code']]}: please try again in {_in_words(wait)}.",
        headers={"Retry-After": str(wait), **limit_headers(claim, limits)},
    )


def _in_words(seconds: int) -> str:
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds > length:
            return f"{-(-seconds // length)} {unit}s"
    return f"{seconds} second{'s' if seconds != 1 else ''}"
