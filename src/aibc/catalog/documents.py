"""A pathway as its file writes it: the shape, the limits and the defaults of every key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from aibc.catalog.fields import (
    Accent,
    CatalogModel,
    Gradient,
    Line,
    LongText,
    MediaType,
    Metadata,
    Minutes,
    Position,
    ShortLine,
    Slug,
    WebLink,
)
from aibc.catalog.quiz import Quiz

LARGEST_FILE_MB = 50


class _ResourceDocument(CatalogModel):
    id: Slug
    type: str
    title: Line
    description: LongText = ""
    url: WebLink | None = None
    duration_minutes: Minutes = 0
    order_index: Position | None = None
    is_required: bool = True
    is_published: bool = True
    allow_resubmission: bool = True


class LessonDocument(_ResourceDocument):
    """A resource to watch, read or do; an exercise or a project may ask for a file."""

    type: Literal["video", "article", "exercise", "project"]
    requires_upload: bool = False
    accepted_file_types: Annotated[list[MediaType], Field(max_length=50, default_factory=list)]
    max_file_size_mb: Annotated[int, Field(ge=1, le=LARGEST_FILE_MB)] = LARGEST_FILE_MB
    metadata: Annotated[Metadata, Field(default_factory=dict)]

    @model_validator(mode="after")
    def _only_work_is_handed_in(self) -> LessonDocument:
        if self.requires_upload and self.type not in ("exercise", "project"):
            raise ValueError("can ask for an upload only where its type is exercise or project")
        return self


class QuizDocument(_ResourceDocument):
    """A quiz; without metadata it stores no questions."""

    type: Literal["quiz"]
    metadata: Quiz | None = None


ResourceDocument: TypeAlias = Annotated[LessonDocument | QuizDocument, Field(discriminator="type")]


class ModuleDocument(CatalogModel):
    """A module. Without `duration_minutes` it lasts as long as its resources together."""

    id: Slug
    title: Line
    description: LongText = ""
    order_index: Position | None = None
    duration_minutes: Minutes | None = None
    is_published: bool = True
    resources: Annotated[list[ResourceDocument], Field(default_factory=list)]


class PathwayDocument(CatalogModel):
    """One file: a pathway with all of its modules in their order."""

    id: Slug
    title: Line
    short_title: ShortLine
    instructor: Line
    description: LongText = ""
    color: Gradient
    accent: Accent
    order_index: Position
    is_published: bool = True
    modules: Annotated[list[ModuleDocument], Field(default_factory=list)]


def mistakes(error: ValidationError) -> Iterator[ErrorDetails]:
    """The mistakes in a document, each at the place where its author finds it.

    Inside a resource pydantic puts the type it took the resource for into the place.
    """
    for one in error.errors(include_url=False):
        match one["loc"]:
            case ("modules", module, "resources", resource, _, *rest):
                one["loc"] = ("modules", module, "resources", resource, *rest)
        yield one
