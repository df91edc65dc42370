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
    sentences = {
        "upload_limit_reached": "You have handed in {uploads} files within an hour: "
        "please try again in {wait}.",
        "upload_volume_reached": "This file would take you beyond the {megabytes} MB of one day: "
        "please try again in {wait}.",
        "too_many_refused_files": "Within an hour {refusals} of your files were refused: "
        "check which types and sizes are taken here, and try again in {wait}.",
    }
    detail = sentences[claim["refusal_code"]].format(
        uploads=limits.uploads_per_hour,
        megabytes=limits.bytes_per_day // MEBIBYTE,
        refusals=limits.refusals_per_hour,
        wait=_in_words(wait),
    )
    headers = {"Retry-After": str(wait), **limit_headers(claim, limits)}
    return UploadLimitReached(claim["refusal_code"], detail, headers=headers)


def _in_words(seconds: int) -> str:
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds > length:
            return f"{-(-seconds // length)} {unit}s"
    return f"{seconds} second{'s' if seconds != 1 else ''}"
