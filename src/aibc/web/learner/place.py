"""Where a visitor is on the page of a resource: it, its module, its pathway, and its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aibc.catalog.snapshot import CatalogCache, Resource
from aibc.http.context import AppState
from aibc.progress.standing import (
    ModuleStanding,
    PathwayStanding,
    ResourceStanding,
    stand_on_pathway,
)
from aibc.settings import QuizSettings
from aibc.web.visitors import Visitor


@dataclass(frozen=True)
class Place:
    """A resource with all around it, as the visitor stands there."""

    pathway: PathwayStanding
    module: ModuleStanding
    here: ResourceStanding
    before: Resource | None
    after: Resource | None
    by_word: bool

    @property
    def resource(self) -> Resource:
        return self.here.resource

    @property
    def can_take_back(self) -> bool:
        """Whether the learner's word that it is done can be taken back."""
        reversible = self.resource.type in ("video", "article")
        return reversible and self.here.state == "completed" and self.module.approval is None


async def find_place(state: AppState, visitor: Visitor, resource_id: str) -> Place:
    """The visitor at a live resource. Raises ResourceNotFound."""
    cache: CatalogCache = state.catalog
    pathway_id = (await cache.current()).live_resource(resource_id).pathway_id
    pathway = await stand_on_pathway(state.database, cache, visitor.user_id, pathway_id)
    here = pathway.resource(resource_id)
    before, after = pathway.neighbours(resource_id)
    return Place(
        pathway,
        pathway.module(here.resource.module_id),
        here,
        before,
        after,
        by_word=completes_by_word(here.resource, state.settings.quizzes),
    )


def completes_by_word(resource: Resource, quizzes: QuizSettings) -> bool:
    """Nothing to hand in, and no key on the server to grade by; the database has the same rule."""
    if resource.requires_upload:
        return False
    if resource.type != "quiz" or quizzes.grading == "client":
        return True
    metadata: Mapping[str, object] = resource.metadata
    return metadata.get("grading") == "client" or not metadata.get("questions")
