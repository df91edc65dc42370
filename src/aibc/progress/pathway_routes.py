"""What a learner does to a pathway or a module as a whole, and why a figure is what it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from aibc.accounts.actors import Learner
from aibc.http.context import DatabaseDep
from aibc.http.openapi import problems
from aibc.progress import pathways
from aibc.progress.documents import json_response
from aibc.progress.explanation import explain
from aibc.progress.overview_schemas import Explanation
from aibc.progress.schemas import (
    CompletionsQuery,
    EnterRequest,
    HandInRequest,
    ModuleCompletion,
    PathwayRequest,
    Progress,
)

router = APIRouter(tags=["progress"])


@router.post(
    "/user/start-pathway",
    summary="Start a pathway",
    response_model=Progress,
    responses=problems(404),
)
async def start_pathway(body: EnterRequest, actor: Learner, database: DatabaseDep) -> Response:
    """Or return to one that you have started: nothing is lost."""
    return json_response(await pathways.enter(database, actor.user_id, body.pathway_id))


@router.put(
    "/user/pathway/{slug}",
    summary="Say in which module of a pathway you are",
    response_model=Progress,
    responses=problems(s404="No such pathway, or no such module in it."),
)
async def update_pathway(
    slug: str, body: PathwayRequest, actor: Learner, database: DatabaseDep
) -> Response:
    """Percentages and minutes follow from your resources: those sent here are ignored."""
    return json_response(
        await pathways.enter(database, actor.user_id, slug, body.current_module_id)
    )


@router.post(
    "/modules/complete",
    summary="Hand in a module",
    response_model=ModuleCompletion,
    responses=problems(
        s400="Something of the module is still missing; the sentence names it.",
        s404="No such module in this pathway.",
    ),
)
async def hand_in_module(body: HandInRequest, actor: Learner, database: DatabaseDep) -> Response:
    """Answers the completion that stands when the module waits or is approved already."""
    return json_response(await pathways.hand_in(database, actor.user_id, body))


@router.get(
    "/modules/completions",
    summary="The modules you have handed in",
    response_model=list[ModuleCompletion],
)
async def list_module_completions(
    query: Annotated[CompletionsQuery, Query()], actor: Learner, database: DatabaseDep
) -> Response:
    """The latest first; of one pathway when you name it."""
    return json_response(await pathways.list_completions(database, actor.user_id, query.pathway_id))


@router.get(
    "/pathways/{slug}/explain",
    summary="Why your figures on a pathway are what they are",
    response_model=Explanation,
    responses=problems(404),
)
async def explain_pathway(slug: str, actor: Learner, database: DatabaseDep) -> Response:
    """Every resource with its state and whether it counts, and the sums they make."""
    async with database.connection() as connection:
        return json_response(
            await explain(connection, actor.user_id, slug, shows_hidden=actor.is_staff)
        )
