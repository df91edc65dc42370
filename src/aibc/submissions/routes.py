"""The learner's side of a submission: hand in, list, fetch, withdraw."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from aibc.accounts.actors import Learner, Public
from aibc.http.body_guard import streams_body
from aibc.http.context import DatabaseDep, StateDep
from aibc.http.openapi import problems
from aibc.progress.documents import json_response
from aibc.progress.schemas import Submission
from aibc.submissions import service
from aibc.submissions.file_response import file_response
from aibc.submissions.idempotency import HEADER
from aibc.submissions.incoming import IncomingBody
from aibc.submissions.schemas import (
    IDEMPOTENCY_KEY,
    UPLOAD_FORM,
    Download,
    UploadReceipt,
    Withdrawal,
)
from aibc.submissions.upload import UploadDesk, hand_in

router = APIRouter(tags=["submissions"])
files_router = APIRouter(tags=["submissions"])


@router.post(
    "/users/me/resources/{resource_id}/upload",
    response_model=UploadReceipt,
    summary="Hand in a file",
    responses=problems(400, 409, 413, 415, 422, 429),
    openapi_extra=UPLOAD_FORM | IDEMPOTENCY_KEY,
)
@streams_body
async def upload(resource_id: str, request: Request, actor: Learner, state: StateDep) -> Response:
    """One file, checked while it streams in. It takes the place of one that still waits.

    `RateLimit-*` headers say how many more uploads this hour takes.
    """
    desk = UploadDesk(state.database, state.store, state.settings.uploads)
    keys = request.headers.getlist(HEADER)
    receipt = await hand_in(desk, actor.user_id, resource_id, IncomingBody(request), keys)
    response = json_response(receipt.document)
    response.headers.update(receipt.headers)
    return response


@router.get(
    "/users/me/resources/{resource_id}/submissions",
    response_model=list[Submission],
    summary="Your files for a resource, newest first",
)
async def list_submissions(resource_id: str, actor: Learner, database: DatabaseDep) -> Response:
    """Withdrawn ones are left out; others stay readable when the resource is taken down."""
    return json_response(await service.list_own(database, actor, resource_id))


@router.get(
    "/users/me/submissions/download/{submission_id}",
    response_model=Download,
    summary="Get a link to a file",
)
async def make_download(submission_id: UUID, actor: Learner, state: StateDep) -> Response:
    """For the file's owner and for staff; ask again once the link has ended."""
    return json_response(await service.make_download(state, actor, submission_id))


@router.delete(
    "/users/me/submissions/{submission_id}",
    response_model=Withdrawal,
    summary="Withdraw a file that waits for review",
    responses=problems(409),
)
async def withdraw(submission_id: UUID, actor: Learner, database: DatabaseDep) -> Response:
    """It leaves every list and links to it end; the learner may hand in again."""
    return json_response(await service.withdraw(database, actor, submission_id))


@files_router.get(
    "/files/{submission_id}",
    dependencies=[Public],
    response_class=Response,
    summary="Fetch a file by its signed link",
    responses={
        200: {"description": "The file.", "content": {"application/octet-stream": {}}},
        206: {"description": "The part named by `Range`."},
        **problems(
            404,
            s403="The link was altered or has ended; get a new one.",
            s416="The file ends before the part that was asked for.",
        ),
    },
)
async def fetch_file(submission_id: str, request: Request, state: StateDep) -> Response:
    """The query of the link is its credential, as `GET …/download/{submission_id}` made it."""
    query = request.scope["query_string"].decode("latin-1")
    file = await service.find_linked_file(state, submission_id, query)
    return await file_response(state.store, file, request.headers)
