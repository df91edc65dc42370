"""Handing in a file past the service: begin, send where the store cannot take it, finish."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from aibc.accounts.actors import Learner, Public
from aibc.http.body_guard import streams_body
from aibc.http.context import StateDep
from aibc.http.openapi import problems
from aibc.progress.documents import json_response
from aibc.submissions.direct import Announcement, direct_desk, finish, receive, reserve
from aibc.submissions.idempotency import HEADER
from aibc.submissions.incoming import IncomingBody
from aibc.submissions.schemas import (
    IDEMPOTENCY_KEY,
    DirectUpload,
    FinishedUpload,
    UploadAnnouncement,
    UploadReceipt,
)

router = APIRouter(tags=["submissions"])
files_router = APIRouter(tags=["submissions"])

_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/users/me/resources/{resource_id}/uploads",
    response_model=DirectUpload,
    summary="Begin a direct upload",
    responses=problems(400, 409, 413, 415, 429),
)
async def begin_upload(
    resource_id: str, announced: UploadAnnouncement, actor: Learner, state: StateDep
) -> Response:
    """For large files: the browser sends the bytes straight to the storage.

    It counts against the same limits as an upload through the service; `RateLimit-*` headers say
    how many more this hour takes.
    """
    receipt = await reserve(
        direct_desk(state),
        actor.user_id,
        resource_id,
        Announcement(announced.file_name, announced.file_size_bytes, announced.file_type),
    )
    response = json_response(receipt.document)
    response.headers.update(receipt.headers)
    return response


@router.post(
    "/users/me/uploads/{upload_id}/finalize",
    response_model=UploadReceipt,
    summary="Finish a direct upload",
    responses=problems(409, 415),
    openapi_extra=IDEMPOTENCY_KEY,
)
async def finalize_upload(
    upload_id: UUID,
    request: Request,
    actor: Learner,
    state: StateDep,
    said: FinishedUpload | None = None,
) -> Response:
    """Checks what arrived and hands it in. Asked again, it answers the same submission."""
    notes = said.notes if said else None
    keys = request.headers.getlist(HEADER)
    return json_response(await finish(direct_desk(state), actor.user_id, upload_id, notes, keys))


@files_router.put(
    "/files/uploads/{upload_id}",
    dependencies=[Public],
    response_class=Response,
    summary="Send the bytes of a direct upload",
    responses={
        200: {"description": "The file has arrived; now finish the upload."},
        **problems(
            404,
            409,
            422,
            s403="The link was altered or has ended; begin a new upload.",
            s412="The file has arrived already.",
        ),
    },
    openapi_extra=_BYTES,
)
@streams_body
async def receive_file(upload_id: str, request: Request, state: StateDep) -> Response:
    """Only where files are kept on the local disk; the query of the link is its credential."""
    query = request.scope["query_string"].decode("latin-1")
    await receive(direct_desk(state), upload_id, query, IncomingBody(request))
    return Response()
