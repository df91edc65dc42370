"""What handing in, fetching and withdrawing answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from aibc.http.schemas import FROM_INTEGRAL, RequestModel, ResponseModel
from aibc.progress.schemas import SubmissionStatus


class UploadReceipt(ResponseModel):
    """The submission that came of an upload."""

    submission_id: UUID
    resource_id: str = Field(examples=["foundations-image-gen-r3"])
    attempt: int = Field(description="Counts the files ever handed in for this resource.")
    file_name: str = Field(examples=["landscape.png"])
    file_size_bytes: int
    file_type: str = Field(description="Found in the bytes.", examples=["image/png"])
    sha256: str | None = Field(description="Hexadecimal.")
    gcs_url: str = Field(description="The object's name, not a link to it.")
    submission_status: SubmissionStatus
    created_at: datetime
    resource_status: str = Field(examples=["submitted"])
    message: str = Field(examples=["“landscape.png” is handed in and waits for review."])


class UploadAnnouncement(RequestModel):
    """A file that is to go straight to the store."""

    file_name: str = Field(max_length=4096, examples=["landscape.png"])
    file_size_bytes: Annotated[int, Field(strict=True, ge=0, le=2**53), FROM_INTEGRAL] = Field(
        examples=[1048576]
    )
    file_type: str = Field(
        max_length=255,
        description="What the browser takes it for; may be empty.",
        examples=["image/png"],
    )


class DirectUpload(ResponseModel):
    """Send the file's bytes with `method` to `url`, with these headers and no others of their kind.

    Then finish the upload. If sending fails, send again; the place is kept until `expires_at`.
    """

    upload_id: UUID
    method: Literal["PUT"]
    url: str = Field(description="A credential for this one file; keep it to yourself.")
    headers: dict[str, str] = Field(examples=[{"Content-Type": "image/png"}])
    expires_at: datetime


class FinishedUpload(RequestModel):
    """What may be said when the file has arrived."""

    notes: str | None = Field(
        None,
        max_length=5000,
        description="A word to the reviewer.",
        examples=["The second prompt is the one I am unsure about."],
    )


class Download(ResponseModel):
    """A link to a file; it needs no further credential, so keep it to yourself."""

    submission_id: UUID
    file_name: str
    signed_url: str = Field(description="Saves the file under its own name, for one hour.")
    expires_at: datetime


class Withdrawal(ResponseModel):
    """The submission is out of every list; its file is kept."""

    submission_id: UUID
    deleted: Literal[True]
    deleted_at: datetime


# Read from the request as it stands, so that a wrong key is refused after the caller is known.
IDEMPOTENCY_KEY: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
            "description": "Of your choice, new for each new request. A repeat with the same key "
            "within 24 hours is told what the first one was told, and does nothing.",
            "example": "6f1c2a44-2f0f-4b53-9d1e-6f0f3a1f1f0b",
        }
    ]
}

# The body is read as a stream and never declared to the framework, which would read it first.
UPLOAD_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "The file, under its own name. Its type is found in "
                            "its bytes.",
                        },
                        "notes": {
                            "type": "string",
                            "maxLength": 5000,
                            "description": "A word to the reviewer.",
                        },
                    },
                },
                "encoding": {"file": {"contentType": "application/octet-stream"}},
                "examples": {
                    "file": {"summary": "A file", "value": {"file": "(the bytes of the file)"}},
                    "notes": {
                        "summary": "A file and a word to the reviewer",
                        "value": {
                            "file": "(the bytes of the file)",
                            "notes": "The second prompt is the one I am unsure about.",
                        },
                    },
                },
            }
        },
    }
}
