"""Handing in a file from its page, and everything that was handed in."""

from __future__ import annotations

from uuid import UUID

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.errors import AibcError
from aibc.http.body_guard import streams_body
from aibc.http.context import AppState, StateDep
from aibc.http.errors import MalformedBody
from aibc.progress.documents import Document, json_response
from aibc.submissions import service
from aibc.submissions.direct import Announcement, direct_desk, finish, reserve
from aibc.submissions.errors import FileMissing, FileNameMissing, SubmissionError
from aibc.submissions.idempotency import HEADER
from aibc.submissions.incoming import IncomingBody
from aibc.submissions.multipart import UploadForm
from aibc.submissions.schemas import FinishedUpload, UploadAnnouncement
from aibc.submissions.upload import UploadDesk, hand_in
from aibc.web.forms import (
    TOKEN_FIELD,
    TOKEN_HEADER,
    ForeignForm,
    read_form,
    require_own_origin,
    require_token,
    validated,
)
from aibc.web.learner.place import find_place
from aibc.web.learner.resource_page import Shown, hand_in_desk, resource_page
from aibc.web.templating import render
from aibc.web.visitors import PageLearner, Visitor

router = APIRouter(include_in_schema=False)

FILES_A_PAGE = 50
MAX_PAGE = 10_000


@router.post("/resources/{resource_id}/upload")
@streams_body
async def upload(
    resource_id: str, request: Request, visitor: PageLearner, state: StateDep
) -> Response:
    """One file, streamed to the store. A script sends the token ahead of it as a header, a form as
    the field before the file; without it no byte of the file is taken."""
    body = IncomingBody(request)
    form = await _form_of_ours(request, visitor, body)
    desk = UploadDesk(state.database, state.store, state.settings.uploads)
    if form is None:
        keys = request.headers.getlist(HEADER)
        receipt = await hand_in(desk, visitor.user_id, resource_id, body, keys)
        return json_response(receipt.document)
    try:
        await form.open_file()
        await hand_in(desk, visitor.user_id, resource_id, body, form=form)
    except AibcError as error:
        await body.discard()
        place = await find_place(state, visitor, resource_id)
        missing = FileMissing("Please choose a file first.")
        refused = missing if isinstance(error, FileNameMissing | FileMissing) else error
        shown = Shown(refused.status, refused.detail, refused.headers)
        return await resource_page(state, visitor, place, shown)
    return RedirectResponse(f"/resources/{resource_id}?notice=handed-in", 303)


@router.post("/resources/{resource_id}/uploads")
async def begin_direct_upload(
    resource_id: str, request: Request, visitor: PageLearner, state: StateDep
) -> Response:
    """For the page's script: where to send a file past the service."""
    said = validated(UploadAnnouncement, await _json_of_ours(request, visitor))
    receipt = await reserve(
        direct_desk(state),
        visitor.user_id,
        resource_id,
        Announcement(said.file_name, said.file_size_bytes, said.file_type),
    )
    return json_response(receipt.document)


@router.post("/uploads/{upload_id}/finalize")
async def finish_direct_upload(
    upload_id: UUID, request: Request, visitor: PageLearner, state: StateDep
) -> Response:
    """For the page's script: hand in what has arrived."""
    said = validated(FinishedUpload, await _json_of_ours(request, visitor))
    return json_response(await finish(direct_desk(state), visitor.user_id, upload_id, said.notes))


@router.get("/resources/{resource_id}/hand-in")
async def show_hand_in(resource_id: str, visitor: PageLearner, state: StateDep) -> Response:
    """The part of the page about files, with the figures that moved; for the page's script."""
    place = await find_place(state, visitor, resource_id)
    desk = await hand_in_desk(state, visitor, place)
    return render(visitor, "learner/_handed_in.html", place=place, desk=desk, refusal=None)


@router.get("/submissions")
async def list_submissions(visitor: PageLearner, state: StateDep, page: int = 1) -> Response:
    """All files of the visitor, those for resources that were taken down too."""
    page = min(max(page, 1), MAX_PAGE)
    rows = await service.list_all_own(
        state.database, visitor.actor, (page - 1) * FILES_A_PAGE, FILES_A_PAGE + 1
    )
    return render(
        visitor,
        "learner/submissions.html",
        files=rows[:FILES_A_PAGE],
        page=page,
        has_more=len(rows) > FILES_A_PAGE,
    )


@router.get("/submissions/{submission_id}/file")
async def fetch_file(submission_id: UUID, visitor: PageLearner, state: StateDep) -> Response:
    """To the file itself, by a link made for this click."""
    return RedirectResponse(await _link(state, visitor, submission_id), 303)


@router.post("/submissions/{submission_id}/withdraw")
async def withdraw(
    submission_id: UUID, request: Request, visitor: PageLearner, state: StateDep
) -> Response:
    """Take back a file that waits for review."""
    fields = await read_form(request, visitor)
    await service.withdraw(state.database, visitor.actor, submission_id)
    resource_id = fields.get("resource_id", "")
    is_slug = resource_id.replace("-", "").isalnum() and resource_id.isascii()
    wanted = f"/resources/{resource_id}" if is_slug else "/submissions"
    return RedirectResponse(f"{wanted}?notice=withdrawn", 303)


async def _link(state: AppState, visitor: Visitor, submission_id: UUID) -> str:
    download: Document = await service.make_download(state, visitor.actor, submission_id)
    url: str = download["signed_url"]
    return url.removeprefix(state.settings.server.public_url)


async def _form_of_ours(
    request: Request, visitor: Visitor, body: IncomingBody
) -> UploadForm | None:
    """None where the header proves that the request is ours; else the form, whose field does,
    read up to its file. Raises ForeignForm."""
    require_own_origin(request)
    if TOKEN_HEADER in request.headers:
        require_token(request, visitor, None)
        return None
    try:
        form = UploadForm(body.content_type, aiter(body), TOKEN_FIELD)
    except SubmissionError:
        raise ForeignForm from None
    try:
        await form.open_file()
    except SubmissionError:
        if form.proof is None:
            raise ForeignForm from None
    try:
        require_token(request, visitor, form.proof)
    except ForeignForm:
        await body.discard()
        raise
    return form


async def _json_of_ours(request: Request, visitor: Visitor) -> dict[str, object]:
    """The body of a request of our own script. Raises ForeignForm and MalformedBody."""
    require_own_origin(request)
    require_token(request, visitor, None)
    try:
        fields = orjson.loads(await request.body() or b"{}")
    except orjson.JSONDecodeError:
        raise MalformedBody from None
    if not isinstance(fields, dict):
        raise MalformedBody
    return fields
