"""Hot reads: the catalog's ready-made bytes joined with what one learner did."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from aibc.accounts.actors import Actor, Learner
from aibc.catalog.snapshot import CatalogSnapshot, Resource
from aibc.database.pool import Record
from aibc.http.access import Caller
from aibc.http.answers import Answer
from aibc.http.hot import HotRoutes
from aibc.http.openapi import problems
from aibc.progress.consistent import conditional_read, hot_statements
from aibc.progress.documents import (
    completion_document,
    completion_writer,
    dumps,
    submission_writer,
)
from aibc.progress.errors import NotStarted
from aibc.progress.pathway_page import pathway_page
from aibc.progress.schemas import Completion, ModuleResources, PathwayPage, ResourceWithProgress

_PATHWAY_RESOURCES = hot_statements("read_pathway_resources", "pathway_version")
_MODULE_RESOURCES = hot_statements("read_module_resources", "module_version")
_COMPLETION = hot_statements("read_completion", "completion_version")
_PATHWAY_PROGRESS = hot_statements("read_pathway_progress", "pathway_version")

resources = HotRoutes("/api/v1/resources", ["resources"])
progress = HotRoutes("/api/v1/progress", ["progress"])


@resources.get(
    "/pathways/{pathway_id}/resources",
    actor=Learner,
    response_model=list[ModuleResources],
    summary="All resources of a pathway, with what you did",
    responses=problems(404),
)
async def read_pathway_resources(request: Request, caller: Caller) -> Answer:
    """Modules in order, their resources in order, your record and your submissions on each."""
    pathway_id = request.path_params["pathway_id"]
    return await conditional_read(
        request, caller, _PATHWAY_RESOURCES, _pathway_resources, pathway_id
    )


@resources.get(
    "/modules/{module_id}/resources-with-progress",
    actor=Learner,
    response_model=list[ResourceWithProgress],
    summary="All resources of a module, with what you did",
    responses=problems(404),
)
async def read_module_resources(request: Request, caller: Caller) -> Answer:
    """The module's resources in order, your record and your submissions on each."""
    module_id = request.path_params["module_id"]
    return await conditional_read(request, caller, _MODULE_RESOURCES, _module_resources, module_id)


@resources.get(
    "/users/me/resources/{resource_id}/progress",
    actor=Learner,
    response_model=Completion,
    summary="Your record on a resource",
    responses=problems(s404="No such resource, or you have not started it."),
)
async def read_completion(request: Request, caller: Caller) -> Answer:
    """Not found until you start the resource, report progress on it or hand in a file."""
    resource_id = request.path_params["resource_id"]
    return await conditional_read(request, caller, _COMPLETION, _completion, resource_id)


@progress.get(
    "/pathways/{slug}",
    actor=Learner,
    response_model=PathwayPage,
    summary="A pathway with your progress in each module",
    responses=problems(404),
)
async def read_pathway_progress(request: Request, caller: Caller) -> Answer:
    """`next_module` is the first that is not approved; null when all are."""
    slug = request.path_params["slug"]
    return await conditional_read(request, caller, _PATHWAY_PROGRESS, _pathway_progress, slug)


def _pathway_resources(
    actor: Actor, catalog: CatalogSnapshot, rows: Sequence[Record], pathway_id: str
) -> bytes:
    template = catalog.live_pathway(pathway_id).template.seen_by(staff=actor.is_staff)
    return template.filled(_ends(actor, catalog, rows))


def _module_resources(
    actor: Actor, catalog: CatalogSnapshot, rows: Sequence[Record], module_id: str
) -> bytes:
    template = catalog.live_module(module_id).template.seen_by(staff=actor.is_staff)
    return template.filled(_ends(actor, catalog, rows))


def _completion(
    _: Actor, catalog: CatalogSnapshot, rows: Sequence[Record], resource_id: str
) -> bytes:
    resource = catalog.live_resource(resource_id)
    if rows[0]["id"] is None:
        raise NotStarted
    return _completion_bytes(resource, rows[0])


def _pathway_progress(
    actor: Actor, catalog: CatalogSnapshot, rows: Sequence[Record], slug: str
) -> bytes:
    return dumps(pathway_page(catalog.live_pathway(slug), actor.user_id, rows))


def _ends(actor: Actor, catalog: CatalogSnapshot, rows: Sequence[Record]) -> dict[str, bytes]:
    """For each resource the learner touched, the end of its JSON: record and submissions."""
    write_completion, write_submission = completion_writer(rows[0]), submission_writer(rows[0])
    learner = b'"user_id":"%b"' % str(actor.user_id).encode()
    records: dict[str, bytes] = {}
    submissions: dict[str, list[bytes]] = {}
    for row in rows[1:]:
        resource = catalog.resource_by_id.get(row["resource_id"])
        if resource is None:
            continue
        if row["submission_id"] is not None:
            written = (learner, dumps(resource.id), write_submission(row)[1:])
            submissions.setdefault(resource.id, []).append(b'{%b,"resource_id":%b,%b' % written)
        written = (learner, resource.json_names, write_completion(row)[1:])
        records[resource.id] = b',"completion":{%b,%b,%b,"submissions":[]}' % written
    for resource_id, listed in submissions.items():
        records[resource_id] = b"%b[%b]}" % (records[resource_id][:-3], b",".join(listed))
    return records


def _completion_bytes(resource: Resource, row: Record) -> bytes:
    return dumps(completion_document(row, submission_required=resource.requires_upload))
