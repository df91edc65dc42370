"""What can be wrong with a handed-in file and the form it came in.

SubmissionError
├── FormError                     the form as such
│   ├── FormExpected         415  the body is no multipart/form-data
│   ├── FormMalformed        422  the form breaks its own rules or our bounds
│   ├── UploadIncomplete     422  the body ended before the form did
│   ├── FileMissing          422  no part named `file`
│   ├── TooManyFiles         422  more than one file
│   └── NotesTooLong         422  more than 5,000 characters of notes
├── FileNameError                 the name of the file
│   ├── FileNameMissing      422  no name is left once directories and invisible characters are gone
│   ├── FileNameTooLong      422  more than 255 characters
│   ├── FileNameNotText      422  not UTF-8
│   └── ExtensionMissing     415  the name does not say what the file is
├── FileTooLarge             413  more bytes than the resource takes
├── FileEmpty                413  no bytes
├── DirectUploadError             an upload straight to the store
│   ├── UploadNotFound       404  not there, or not yours
│   ├── UploadOver           409  finalised, refused or out of time: nothing can be sent any more
│   ├── FileNotArrived       409  the store does not hold it yet
│   ├── FileAlreadySent      412  the bytes of this upload are in the store
│   ├── HeadersAltered       422  not the headers the upload was given
│   └── SizeDiffers          422  more or fewer bytes than were announced
├── TypeNotAccepted          415  content, extension, declared type and resource do not agree
├── LinkInvalid              403  a download link that is altered, made up or past its time
├── RangeNotSatisfiable      416  the file ends before the part that was asked for
├── SubmissionNotFound       404  not there, withdrawn, or not yours
├── UploadLimitReached       429  too many or too large uploads, or too many refused ones
└── KeysTaken                503  fifty files of this name came in this second

IdempotencyError                  the key by which a request may be repeated
├── IdempotencyKeyInvalid    422  not 1 to 255 visible ASCII characters, or more than one
├── IdempotencyKeyReused     422  used before, for a request that is not this one
├── RequestInProgress        409  its first request still runs
└── KeptRefusal                …  what the first request was told
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aibc.errors import AibcError, FieldError


class SubmissionError(AibcError):
    """The file could not be handed in."""


class FormError(SubmissionError):
    """The upload form cannot be read."""

    code = "form_malformed"
    status = 422


class FormExpected(FormError):
    """Send the file as multipart/form-data, in one part named "file"."""

    code = "form_expected"
    status = 415


class FormMalformed(FormError):
    """The upload form is damaged; please send the file again."""


class UploadIncomplete(FormError):
    """The upload ended before the whole file had arrived; please send it again."""

    code = "upload_incomplete"


class FileMissing(FormError):
    """The form holds no file; choose one and send it in the field named "file"."""

    code = "file_missing"


class TooManyFiles(FormError):
    """The form holds more than one file; please send exactly one."""

    code = "too_many_files"


class NotesTooLong(FormError):
    """The notes are longer than 5,000 characters; please shorten them."""

    code = "notes_too_long"


class FileNameError(SubmissionError):
    """The file needs another name."""

    code = "file_name_invalid"
    status = 422


class FileNameMissing(FileNameError):
    """The file has no name; please give it one and send it again."""

    code = "file_name_missing"


class FileNameTooLong(FileNameError):
    """The file's name is longer than 255 characters; please shorten it."""

    code = "file_name_too_long"


class FileNameNotText(FileNameError):
    """The file's name is not readable as UTF-8 text; please rename the file."""

    code = "file_name_not_text"


class ExtensionMissing(FileNameError):
    """The file's name needs an extension that says what it is, such as .pdf or .png."""

    code = "extension_missing"
    status = 415


class FileTooLarge(SubmissionError):
    """The file is larger than allowed here."""

    code = "file_too_large"
    status = 413


class FileEmpty(SubmissionError):
    """The file is empty; please choose one with content."""

    code = "file_empty"
    status = 413


class DirectUploadError(SubmissionError):
    """The direct upload went wrong; please start a new one."""


class UploadNotFound(DirectUploadError):
    """There is no such upload."""

    code = "upload_not_found"
    status = 404


class UploadOver(DirectUploadError):
    """This upload is over: start a new one."""

    code = "upload_over"
    status = 409


class FileNotArrived(DirectUploadError):
    """The file has not arrived yet; send it to the address this upload was given, then finish."""

    code = "file_not_arrived"
    status = 409


class FileAlreadySent(DirectUploadError):
    """The file of this upload has arrived already; finish the upload."""

    code = "file_already_sent"
    status = 412


class HeadersAltered(DirectUploadError):
    """Send the file with exactly the headers this upload was given."""

    code = "headers_altered"
    status = 422


class SizeDiffers(DirectUploadError):
    """The file has another size than was announced; please start a new upload."""

    code = "size_mismatch"
    status = 422


class TypeNotAccepted(SubmissionError):
    """This type of file is not accepted here."""

    code = "type_not_accepted"
    status = 415


class LinkInvalid(SubmissionError):
    """This download link is not valid or no longer so; please open the file from its page again."""

    code = "link_invalid"
    status = 403


class RangeNotSatisfiable(SubmissionError):
    """The file ends before the part that was asked for."""

    code = "range_not_satisfiable"
    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(headers={"Content-Range": f"bytes */{size}"})


class SubmissionNotFound(SubmissionError):
    """There is no such submission."""

    code = "submission_not_found"
    status = 404


class UploadLimitReached(SubmissionError):
    """A limit on uploads is reached; `code` says which."""

    code: str  # type: ignore[misc]  # per instance: the database names it
    status = 429

    def __init__(self, code: str, detail: str, *, headers: Mapping[str, str]) -> None:
        super().__init__(detail, headers=headers)
        self.code = code


class KeysTaken(SubmissionError):
    """Too many files of this name came in at once; please send it again in a second."""

    code = "keys_taken"
    status = 503

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class IdempotencyError(AibcError):
    """The request cannot be repeated like this."""


class IdempotencyKeyInvalid(IdempotencyError):
    """Send one Idempotency-Key of 1 to 255 visible ASCII characters, or none."""

    code = "idempotency_key_invalid"
    status = 422

    def __init__(self) -> None:
        super().__init__()
        self.errors = [FieldError(field="Idempotency-Key", message=self.detail)]


class IdempotencyKeyReused(IdempotencyError):
    """This Idempotency-Key belongs to another request; please send a new one with a new request."""

    code = "idempotency_key_reused"
    status = 422


class RequestInProgress(IdempotencyError):
    """The first request with this Idempotency-Key still runs; please repeat it in a moment."""

    code = "request_in_progress"
    status = 409

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})


class KeptRefusal(IdempotencyError):
    """The answer that the first request with this key was given."""

    code: str  # type: ignore[misc]  # per instance: those of the first answer
    status: int  # type: ignore[misc]

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(answer["detail"], errors=answer["errors"])
        self.status = status
        self.code = answer["code"]
