"""The catalog as it stood at one version, kept in the process until the version moves on.

The version is read from the database with every answer, so each worker is right at once and
nothing ever waits for a time-out to see a change.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, TypeVar

import orjson

from aibc.catalog.errors import ModuleNotFound, PathwayNotFound, ResourceNotFound
from aibc.catalog.fragments import (
    Template,
    Views,
    modules_template,
    record_names,
    resource_views,
    resources_template,
)
from aibc.catalog.importer import QUERIES
from aibc.catalog.rows import Row
from aibc.database.pool import Database

Child = TypeVar("Child", "Resource", "Module")


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing to do. `is_live` holds at all three levels; counted is live and required.

    `json_names` are those fields of a learner's record on it that follow from the resource.
    """

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
    json: Views[bytes]
    json_names: bytes

    @property
    def is_counted(self) -> bool:
        return self.is_live and self.is_required


@dataclass(frozen=True, slots=True)
class Module:
    """A chapter; `resources` are the live ones in order, `template` is their list."""

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
    template: Views[Template]


@dataclass(frozen=True, slots=True)
class Pathway:
    """A course; `modules` are the live ones in order, `template` is their list with all resources.

    Times are UTC, ISO 8601, ending in Z.
    """

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
    template: Views[Template]


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
        record = await self._database.fetch_row(QUERIES["load_catalog"], repeatable=True)
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
    pathway_rows = {row["id"]: {**row, "is_live": row["is_published"]} for row in pathways}
    module_rows = _below(pathway_rows, modules, "pathway_id")
    resource_rows = _below(module_rows, resources, "module_id")
    resource_by_id = {row["id"]: _resource(row) for row in resource_rows.values()}
    module_by_id = _modules(module_rows, resource_by_id)
    pathway_by_id = _pathways(pathway_rows, module_by_id)
    live = tuple(one for one in pathway_by_id.values() if one.is_live)
    return CatalogSnapshot(
        version=version,
        pathways=live,
        pathway_list=orjson.dumps([pathway_summary(one) for one in live]),
        pathway_by_id=pathway_by_id,
        module_by_id=module_by_id,
        resource_by_id=resource_by_id,
    )


def pathway_summary(pathway: Pathway) -> Row:
    """The API's pathway without its modules."""
    shown = {one.name: getattr(pathway, one.name) for one in fields(pathway)}
    del shown["modules"], shown["template"], shown["is_live"]
    return {**shown, "slug": pathway.id, "total_modules": len(pathway.modules)}


def _below(parents: Mapping[str, Row], rows: list[Row], parent_key: str) -> dict[str, Row]:
    """The rows whose parent stands, with its pathway, and live only where the parent is."""
    found = {}
    for row in rows:
        parent = parents.get(row[parent_key])
        if parent is not None:
            is_live = row["is_published"] and parent["is_live"]
            pathway_id = parent.get("pathway_id", parent["id"])
            found[row["id"]] = {**row, "pathway_id": pathway_id, "is_live": is_live}
    return found


def _resource(row: Row) -> Resource:
    values = _picked(Resource, row) | {"accepted_file_types": tuple(row["accepted_file_types"])}
    return Resource(**values, json=resource_views(row), json_names=record_names(row))


def _modules(rows: Mapping[str, Row], resource_by_id: Mapping[str, Resource]) -> dict[str, Module]:
    inside = _live_children(resource_by_id, "module_id")
    return {
        module_id: Module(
            **_picked(Module, row),
            resources=tuple(inside[module_id]),
            template=_views(partial(_resources_template, inside[module_id])),
        )
        for module_id, row in rows.items()
    }


def _pathways(rows: Mapping[str, Row], module_by_id: Mapping[str, Module]) -> dict[str, Pathway]:
    inside = _live_children(module_by_id, "pathway_id")
    return {
        pathway_id: Pathway(
            **_picked(Pathway, row),
            modules=tuple(inside[pathway_id]),
            template=_views(partial(_modules_template, inside[pathway_id])),
        )
        for pathway_id, row in rows.items()
    }


def _views(make: Callable[[bool], Template]) -> Views[Template]:
    return Views(learner=make(False), staff=make(True))


def _resources_template(resources: list[Resource], staff: bool) -> Template:
    return resources_template((one.id, one.json.seen_by(staff=staff)) for one in resources)


def _modules_template(modules: list[Module], staff: bool) -> Template:
    return modules_template(
        (one.id, one.title, one.template.seen_by(staff=staff)) for one in modules
    )


def _live_children(children: Mapping[str, Child], parent_key: str) -> Mapping[str, list[Child]]:
    found: dict[str, list[Child]] = defaultdict(list)
    for child in children.values():
        if child.is_live:
            found[getattr(child, parent_key)].append(child)
    return found


def _picked(model: type[Any], row: Row) -> Row:
    return {one.name: row[one.name] for one in fields(model) if one.name in row}
