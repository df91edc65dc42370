"""The catalog as it stood at one version, kept in the process until the version moves on.

The version is read from the database with every answer, so each worker is right at once and
nothing ever waits for a time-out to see a change.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import orjson

from aibc.catalog.errors import ModuleNotFound, PathwayNotFound, ResourceNotFound
from aibc.catalog.fragments import ResourceFragments, resource_fragments
from aibc.catalog.importer import QUERIES
from aibc.catalog.rows import Row
from aibc.database.pool import Database

Child = TypeVar("Child", "Resource", "Module")


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing to do. `is_live` holds at all three levels; counted is live and required."""

    id: str
    module_id: str
    pathway_id: str
    type: str
    title: str
    description: str
    order_index: int
    duration_minutes: int
    requires_upload: bool
    accepted_file_types: tuple[str, ...]
    max_file_size_mb: int
    allow_resubmission: bool
    url: str | None
    metadata: Mapping[str, Any]
    is_required: bool
    is_live: bool
    fragments: ResourceFragments

    @property
    def is_counted(self) -> bool:
        return self.is_live and self.is_required


@dataclass(frozen=True, slots=True)
class Module:
    """A chapter; `resources` are the live ones in order."""

    id: str
    pathway_id: str
    title: str
    description: str
    order_index: int
    duration_minutes: int
    created_at: str
    updated_at: str
    is_live: bool
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Pathway:
    """A course; `modules` are the live ones in order. Times are UTC, ISO 8601, ending in Z."""

    id: str
    title: str
    short_title: str
    instructor: str
    description: str
    color: str
    accent: str
    order_index: int
    created_at: str
    updated_at: str
    is_live: bool
    modules: tuple[Module, ...]


@dataclass(frozen=True, slots=True)
class CatalogSnapshot:
    """Everything that is not removed, by id; `pathways` are the live ones in order, and
    `pathway_list` the same as the API's JSON."""

    version: int
    pathways: tuple[Pathway, ...]
    pathway_list: bytes
    pathway_by_id: Mapping[str, Pathway]
    module_by_id: Mapping[str, Module]
    resource_by_id: Mapping[str, Resource]

    def live_pathway(self, pathway_id: str) -> Pathway:
        """Raises PathwayNotFound for one that is unknown, removed or not published."""
        pathway = self.pathway_by_id.get(pathway_id)
        if pathway is None or not pathway.is_live:
            raise PathwayNotFound
        return pathway

    def live_module(self, module_id: str) -> Module:
        """Raises ModuleNotFound for one that is not live."""
        module = self.module_by_id.get(module_id)
        if module is None or not module.is_live:
            raise ModuleNotFound
        return module

    def live_resource(self, resource_id: str) -> Resource:
        """Raises ResourceNotFound for one that is not live."""
        resource = self.resource_by_id.get(resource_id)
        if resource is None or not resource.is_live:
            raise ResourceNotFound
        return resource


class CatalogCache:
    """The newest snapshot. Callers that need one at the same moment share one load."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._snapshot: CatalogSnapshot | None = None
        self._load: asyncio.Task[CatalogSnapshot] | None = None

    async def current(self) -> CatalogSnapshot:
        """The catalog as it is committed now."""
        return await self.at(await self._database.fetch_value(QUERIES["catalog_version"]))

    async def at(self, version: int) -> CatalogSnapshot:
        """The catalog at `version`, or a newer one if it has moved on since that was read.

        An answer's ETag takes the snapshot's own `version`, so that bytes and tag agree.
        """
        if self._snapshot is not None and self._snapshot.version == version:
            return self._snapshot
        snapshot = await self._shared_load()
        if snapshot.version < version:  # that load had begun before the change was committed
            snapshot = await self._shared_load()
        return snapshot

    async def _shared_load(self) -> CatalogSnapshot:
        if self._load is None or self._load.done():
            self._load = asyncio.create_task(self._load_snapshot())
            self._load.add_done_callback(_retrieve)
        return await asyncio.shield(self._load)  # a caller that gives up does not stop the others

    async def _load_snapshot(self) -> CatalogSnapshot:
        record = await self._database.fetch_row(QUERIES["load_catalog"])
        assert record is not None, "a select without a from clause returns one row"  # noqa: S101
        self._snapshot = build_snapshot(
            record["version"], record["pathways"], record["modules"], record["resources"]
        )
        return self._snapshot


def _retrieve(load: asyncio.Task[CatalogSnapshot]) -> None:
    """Mark a failure as seen: every caller still there has it raised, and none may be left."""
    if not load.cancelled():
        load.exception()


def build_snapshot(
    version: int, pathways: list[Row], modules: list[Row], resources: list[Row]
) -> CatalogSnapshot:
    """Put rows together that stand in their order; what hangs below a removed parent drops out."""
    pathway_live = {row["id"]: row["is_published"] for row in pathways}
    modules = [row for row in modules if row["pathway_id"] in pathway_live]
    module_live = {
        row["id"]: row["is_published"] and pathway_live[row["pathway_id"]] for row in modules
    }
    pathway_of = {row["id"]: row["pathway_id"] for row in modules}
    resource_by_id = {
        row["id"]: _resource(
            {**row, "pathway_id": pathway_of[row["module_id"]]},
            is_live=row["is_published"] and module_live[row["module_id"]],
        )
        for row in resources
        if row["module_id"] in module_live
    }
    resources_in = _live_children(resource_by_id.values(), "module_id")
    module_by_id = {
        row["id"]: Module(
            **_picked(Module, row),
            is_live=module_live[row["id"]],
            resources=tuple(resources_in[row["id"]]),
        )
        for row in modules
    }
    modules_in = _live_children(module_by_id.values(), "pathway_id")
    pathway_by_id = {
        row["id"]: Pathway(
            **_picked(Pathway, row),
            is_live=row["is_published"],
            modules=tuple(modules_in[row["id"]]),
        )
        for row in pathways
    }
    live_pathways = tuple(one for one in pathway_by_id.values() if one.is_live)
    return CatalogSnapshot(
        version=version,
        pathways=live_pathways,
        pathway_list=orjson.dumps([_summary(one) for one in live_pathways]),
        pathway_by_id=pathway_by_id,
        module_by_id=module_by_id,
        resource_by_id=resource_by_id,
    )


def _summary(pathway: Pathway) -> Row:
    shown = {one.name: getattr(pathway, one.name) for one in fields(pathway)}
    del shown["modules"], shown["is_live"]
    return {**shown, "slug": pathway.id, "total_modules": len(pathway.modules)}


def _resource(row: Row, *, is_live: bool) -> Resource:
    values = _picked(Resource, row) | {"accepted_file_types": tuple(row["accepted_file_types"])}
    return Resource(**values, is_live=is_live, fragments=resource_fragments(row))


def _picked(model: type[Any], row: Row) -> Row:
    return {one.name: row[one.name] for one in fields(model) if one.name in row}


def _live_children(children: Iterable[Child], parent: str) -> Mapping[str, list[Child]]:
    found: dict[str, list[Child]] = defaultdict(list)
    for child in children:
        if child.is_live:
            found[getattr(child, parent)].append(child)
    return found
