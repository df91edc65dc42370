"""What a learner takes back about a resource; what they report goes by hot writes."""

from __future__ import annotations

from fastapi import APIRouter, Response

from aibc.accounts.actors import Learner
from aibc.http.context import DatabaseDep
from aibc.http.openapi import problems
from aibc.progress import service
from aibc.progress.documents import json_response
from aibc.progress.schemas import Completion

resources_router = APIRouter(tags=["resources"])


@resources_router.delete(
    "/users/me/resources/{resource_id}/complete",
    summary="Mark a video or an article as not completed",
    response_model=Completion,
    responses=problems(
        404,
        s400="It is neither a video nor an article, or it is not completed.",
        s403="Its module is handed in already.",
    ),
)
async def uncomplete_resource(resource_id: str, actor: Learner, database: DatabaseDep) -> Response:
    """Your record goes back to `in_progress` at 0 %."""
    return json_response(await service.uncomplete(database, actor.user_id, resource_id))
