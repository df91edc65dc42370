"""What pages are sent: only from our own pages, within bounds, as models like everywhere else.

Two things have to agree before anything is done: the browser says that the request comes from a
page of ours, and the request carries the token that only a page of this session could hold.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from itertools import chain
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from aibc.errors import AibcError
from aibc.http.errors import MalformedBody, ValidationFailed
from aibc.http.problems import field_error, sentence_for
from aibc.web.visitors import Visitor

TOKEN_FIELD = "form_token"  # noqa: S105  # the field's name
TOKEN_HEADER = "x-form-token"  # noqa: S105
MAX_FIELDS = 500
MAX_FILES = 200

Model = TypeVar("Model", bound=BaseModel)


class ForeignForm(AibcError):
    """This form was not sent from a page of this session. Please load the page again and retry."""

    status = 403
    code = "foreign_form"


async def read_form(request: Request, visitor: Visitor) -> dict[str, str]:
    """The fields of a form of ours, the last of each name. Raises ForeignForm and MalformedBody.

    A script may send the token as the header X-Form-Token instead.
    """
    require_own_origin(request)
    form = await _parsed(request, max_files=0)
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    require_token(request, visitor, fields.pop(TOKEN_FIELD, None))
    return fields


async def read_files(request: Request, visitor: Visitor, name: str) -> list[tuple[str, bytes]]:
    """The files of one field, (name, content) each; whoever chose none sends none.

    The whole form is within the limit that every request has. Raises ForeignForm and MalformedBody.
    """
    require_own_origin(request)
    form = await _parsed(request, max_files=MAX_FILES)
    try:
        token = form.get(TOKEN_FIELD)
        require_token(request, visitor, token if isinstance(token, str) else None)
        sent = [one for one in form.getlist(name) if isinstance(one, UploadFile) and one.filename]
        return [(one.filename or "", await one.read()) for one in sent]
    finally:
        await form.close()


async def _parsed(request: Request, *, max_files: int) -> FormData:
    """A form may name any alphabet of Python's; half a character is text in none."""
    try:
        form = await request.form(max_files=max_files, max_fields=MAX_FIELDS)
        for text in chain.from_iterable(form.multi_items()):
            if isinstance(text, str):
                text.encode()
    except UnicodeError:
        raise MalformedBody from None
    return form


async def read_choices(request: Request, name: str) -> list[str]:
    """All values of one field of a form that was read before."""
    form = await request.form()
    return [value for value in form.getlist(name) if isinstance(value, str)]


def require_own_origin(request: Request) -> None:
    """Raise ForeignForm for what a browser sends on behalf of another site."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in (None, "same-origin", "none"):
        raise ForeignForm
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ForeignForm


def require_token(request: Request, visitor: Visitor, sent: str | None) -> None:
    """Raise ForeignForm unless the form's token, or the header's, is that of this visitor."""
    token = request.headers.get(TOKEN_HEADER) or sent or ""
    if not hmac.compare_digest(token.encode(), visitor.form_token.encode()):
        raise ForeignForm


def validated(model: type[Model], fields: Mapping[str, object]) -> Model:
    """The fields as a model. Raises ValidationFailed with a sentence for each wrong one."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        found = [field_error({**one, "loc": ("form", *one["loc"])}) for one in error.errors()]
        raise ValidationFailed(sentence_for(found[0]), errors=found) from None


def field_errors(error: AibcError) -> dict[str, str]:
    """For each wrong field the sentence to show beside it."""
    return {one["field"]: sentence_for(one) for one in error.errors}
