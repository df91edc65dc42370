"""The catalog: what is live, download, and import by upload with a dry run first."""

from __future__ import annotations

import asyncio
import io
import zipfile
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibc.accounts.service import Author
from aibc.catalog import drafts
from aibc.catalog.errors import CatalogInvalid, CatalogMoved, PathwayNotFound
from aibc.catalog.exporter import DIRECTORY, export_texts
from aibc.catalog.loader import CatalogFile
from aibc.catalog.snapshot import CatalogCache, CatalogSnapshot
from aibc.catalog.uploads import uploaded_files
from aibc.http.context import DatabaseDep, StateDep
from aibc.http.request_info import RequestIdDep
from aibc.submissions.file_names import content_disposition
from aibc.web.admin.forecasts import OUTCOME_WORDS, changes_of, figures_of
from aibc.web.forms import read_files, read_form
from aibc.web.templating import render
from aibc.web.visitors import PageAdmin, Visitor

router = APIRouter(prefix="/admin/catalog", include_in_schema=False)

MOST_PROBLEMS_SHOWN = 100


@router.get("")
async def show_catalog(visitor: PageAdmin, state: StateDep) -> Response:
    """Every pathway that is not removed."""
    cache: CatalogCache = state.catalog
    return _catalog_page(visitor, await cache.current())


@router.get("/pathways/{slug}")
async def show_pathway(visitor: PageAdmin, state: StateDep, slug: str) -> Response:
    """One pathway's modules and resources, live or not."""
    cache: CatalogCache = state.catalog
    catalog = await cache.current()
    pathway = catalog.pathway_by_id.get(slug)
    if pathway is None:
        raise PathwayNotFound
    modules = [one for one in catalog.module_by_id.values() if one.pathway_id == slug]
    resources = [one for one in catalog.resource_by_id.values() if one.pathway_id == slug]
    return render(
        visitor,
        "admin/catalog_pathway.html",
        pathway=pathway,
        modules=[(one, [r for r in resources if r.module_id == one.id]) for one in modules],
    )


@router.get("/export")
async def export_all(
    visitor: PageAdmin,  # noqa: ARG001  # names who may see it
    database: DatabaseDep,
) -> Response:
    """Every pathway's file, in an archive that an import takes as it is."""
    archive = await asyncio.to_thread(_archive, await export_texts(database))
    return _download("catalog.zip", archive, "application/zip")


@router.get("/export/{slug}")
async def export_one(
    visitor: PageAdmin,  # noqa: ARG001  # names who may see it
    database: DatabaseDep,
    slug: str,
) -> Response:
    """One pathway's file."""
    for pathway_id, text in await export_texts(database):
        if pathway_id == slug:
            return _download(f"{slug}.yaml", text.encode(), "application/yaml")
    raise PathwayNotFound


@router.post("/drafts")
async def upload_catalog(
    request: Request, visitor: PageAdmin, database: DatabaseDep, state: StateDep
) -> Response:
    """A dry run of what was uploaded; nothing is imported yet."""
    sent = [CatalogFile(*one) for one in await read_files(request, visitor, "files")]
    try:
        files = await asyncio.to_thread(uploaded_files, sent)
        draft_id = await drafts.propose(database, visitor.user_id, files)
    except CatalogInvalid as error:
        cache: CatalogCache = state.catalog
        return _catalog_page(visitor, await cache.current(), error)
    return RedirectResponse(f"/admin/catalog/drafts/{draft_id}", 303)


@router.get("/drafts/{draft_id}")
async def show_draft(visitor: PageAdmin, database: DatabaseDep, draft_id: UUID) -> Response:
    """What the import would change, and the button that does it."""
    draft = await drafts.read_draft(database, draft_id)
    return render(
        visitor,
        "admin/catalog_draft.html",
        draft=draft,
        forecast=draft["forecast"],
        changes=changes_of(draft["forecast"]),
        figures=figures_of(draft["forecast"]),
        outcomes=OUTCOME_WORDS,
    )


@router.post("/drafts/{draft_id}/import")
async def import_draft(
    request: Request,
    visitor: PageAdmin,
    database: DatabaseDep,
    draft_id: UUID,
    request_id: RequestIdDep,
) -> Response:
    """Imports exactly what the dry run was about, or shows a new dry run."""
    await read_form(request, visitor)
    try:
        await drafts.import_draft(database, draft_id, Author(visitor.user_id, request_id))
    except CatalogMoved:
        again = await drafts.propose_again(database, visitor.user_id, draft_id)
        return RedirectResponse(f"/admin/catalog/drafts/{again}?notice=catalog-moved", 303)
    return RedirectResponse("/admin/catalog?notice=catalog-imported", 303)


@router.post("/drafts/{draft_id}/drop")
async def drop_draft(
    request: Request, visitor: PageAdmin, database: DatabaseDep, draft_id: UUID
) -> Response:
    """Throws the upload away."""
    await read_form(request, visitor)
    await drafts.drop_draft(database, draft_id)
    return RedirectResponse("/admin/catalog?notice=draft-dropped", 303)


def _catalog_page(
    visitor: Visitor, catalog: CatalogSnapshot, error: CatalogInvalid | None = None
) -> Response:
    problems = error.problems if error else []
    return render(
        visitor,
        "admin/catalog.html",
        status=error.status if error else 200,
        pathways=sorted(catalog.pathway_by_id.values(), key=lambda one: (one.order_index, one.id)),
        error=error.detail if error else None,
        problems=problems[:MOST_PROBLEMS_SHOWN],
        more_problems=max(0, len(problems) - MOST_PROBLEMS_SHOWN),
    )


def _archive(texts: list[tuple[str, str]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for pathway_id, text in texts:
            # Without times, equal catalogs make equal archives.
            archive.writestr(
                zipfile.ZipInfo(f"{DIRECTORY}/{pathway_id}.yaml"), text, zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


def _download(name: str, content: bytes, media_type: str) -> Response:
    headers = {"Content-Disposition": content_disposition(name), "Cache-Control": "no-store"}
    return Response(content, headers=headers, media_type=media_type)
