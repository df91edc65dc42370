"""Where a learner stands on a pathway: the curriculum with what they did, for the pages.

The same rows and rules as the API's reads, as objects: a page asks them what a learner needs to
know at a glance, such as what comes next and what came back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aibc.catalog.errors import ModuleNotFound, ResourceNotFound
from aibc.catalog.snapshot import CatalogCache, Module, Pathway, Resource
from aibc.database.pool import Database, Record
from aibc.database.queries import load_queries
from aibc.progress.explanation import DONE

_QUERIES = load_queries(__package__, "standing.sql")
_STANDING = _QUERIES["read_standing"]
_OPEN_FILES = _QUERIES["read_open_files"]
_RETURNED_MODULES = _QUERIES["read_returned_modules"]

_Own = Mapping[str, Any]


@dataclass(frozen=True)
class ResourceStanding:
    """One resource, and what the learner did on it."""

    resource: Resource
    own: _Own

    @property
    def state(self) -> str:
        """The completion's status; `rejected` while the newest file stands rejected."""
        status: str = self.own.get("status", "not_started")
        if status == "in_progress" and self.own.get("file_status") == "rejected":
            return "rejected"
        return status

    @property
    def is_done(self) -> bool:
        return self.own.get("status") in DONE

    @property
    def is_final(self) -> bool:
        """Rejected, and the resource takes no second file."""
        return self.state == "rejected" and not self.resource.allow_resubmission

    @property
    def is_open(self) -> bool:
        """Whether there is something left for the learner to do."""
        return self.state in ("not_started", "in_progress", "rejected") and not self.is_final

    @property
    def percentage(self) -> int:
        return 100 if self.is_done else self.own.get("percentage", 0)

    @property
    def minutes(self) -> int:
        return self.own.get("minutes") or 0

    @property
    def last_accessed_at(self) -> str:
        return self.own.get("last_accessed_at") or ""


@dataclass(frozen=True)
class ModuleStanding:
    """One module, and how far the learner is in it."""

    module: Module
    own: _Own
    resources: tuple[ResourceStanding, ...]

    @property
    def approval(self) -> str | None:
        return self.own.get("approval_status")

    @property
    def state(self) -> str:
        """The approval where the module is handed in, else how far it is."""
        if self.approval:
            return self.approval
        touched = any(one.state != "not_started" for one in self.resources)
        return "in_progress" if touched else "not_started"

    @property
    def percentage(self) -> int:
        percentage: int = self.own.get("percentage", 0)
        return percentage

    @property
    def is_returned_by_hand(self) -> bool:
        return self.approval == "rejected" and bool(self.own.get("decided_by_hand"))

    @property
    def counted(self) -> tuple[ResourceStanding, ...]:
        return tuple(one for one in self.resources if one.resource.is_required)

    @property
    def is_handed_in_whole(self) -> bool:
        """Whether the learner hands the module in, rather than its resources by themselves."""
        return self.is_returned_by_hand or (not self.counted and self.approval is None)

    @property
    def missing(self) -> tuple[ResourceStanding, ...]:
        """What has to be handed in or done before the module can be."""
        handed_in = ("submitted", *DONE)
        return tuple(one for one in self.counted if one.state not in handed_in)


@dataclass(frozen=True)
class PathwayStanding:
    """One pathway, and how far the learner is on it."""

    pathway: Pathway
    figures: Record
    modules: tuple[ModuleStanding, ...]

    @property
    def percentage(self) -> int:
        return self.figures["progress_percentage"] or 0

    @property
    def is_started(self) -> bool:
        return self.figures["progress_percentage"] is not None

    @property
    def approved(self) -> int:
        return sum(one.approval == "approved" for one in self.modules)

    @property
    def resources(self) -> Iterator[ResourceStanding]:
        """All of them in their order."""
        return (resource for module in self.modules for resource in module.resources)

    @property
    def next_module(self) -> ModuleStanding | None:
        """Where the next step is, else the first that is not approved."""
        step = self.next_step
        if step:
            return self.module(step.resource.module_id)
        return next((one for one in self.modules if one.approval != "approved"), None)

    @property
    def next_step(self) -> ResourceStanding | None:
        """The one thing to do next: where the learner was, else the first thing from there on that
        counts and is open, else the first of all."""
        steps = list(self._steps())
        if not steps:
            return None
        order = list(self.resources)
        latest = max(order, key=lambda one: one.last_accessed_at)
        if not latest.last_accessed_at:
            return steps[0]
        behind = order.index(latest)
        return next((one for one in steps if order.index(one) >= behind), steps[0])

    def _steps(self) -> Iterator[ResourceStanding]:
        for module in self.modules:
            if module.approval != "approved":
                yield from (one for one in module.counted if one.is_open)

    def module(self, module_id: str) -> ModuleStanding:
        """Raises ModuleNotFound for one that is not a live one of this pathway."""
        for one in self.modules:
            if one.module.id == module_id:
                return one
        raise ModuleNotFound

    def resource(self, resource_id: str) -> ResourceStanding:
        """Raises ResourceNotFound for one that is not a live one of this pathway."""
        for one in self.resources:
            if one.resource.id == resource_id:
                return one
        raise ResourceNotFound

    def neighbours(self, resource_id: str) -> tuple[Resource | None, Resource | None]:
        """The resource before this one and the one after it, across modules."""
        order = [one.resource for one in self.resources]
        place = [one.id for one in order].index(resource_id)
        before = order[place - 1] if place else None
        return before, (order[place + 1] if place + 1 < len(order) else None)


async def stand_on_pathway(
    database: Database, cache: CatalogCache, user_id: UUID, pathway_id: str
) -> PathwayStanding:
    """The learner on the pathway. Raises PathwayNotFound."""
    row = await database.fetch_row(_STANDING, user_id, pathway_id)
    assert row is not None, "the catalog has a version"  # noqa: S101
    pathway = (await cache.at(row["catalog_version"])).live_pathway(pathway_id)
    return PathwayStanding(
        pathway,
        row,
        tuple(
            ModuleStanding(
                module,
                row["modules"].get(module.id, {}),
                tuple(
                    ResourceStanding(one, row["resources"].get(one.id, {}))
                    for one in module.resources
                ),
            )
            for module in pathway.modules
        ),
    )


async def list_open_files(database: Database, user_id: UUID) -> list[Record]:
    """What waits for review and what came back, across pathways."""
    return await database.fetch(_OPEN_FILES, user_id)


async def list_returned_modules(database: Database, user_id: UUID) -> list[Record]:
    """Modules that came back as a whole."""
    return await database.fetch(_RETURNED_MODULES, user_id)
