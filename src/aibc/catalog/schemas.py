"""What the API answers about the catalog."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from aibc.http.schemas import ResponseModel


class PathwaySummary(ResponseModel):
    """A pathway in a list."""

    id: str = Field(examples=["image-generation"])
    slug: str = Field(description="The same as `id`.", examples=["image-generation"])
    title: str = Field(examples=["AI Image Generation"])
    short_title: str = Field(examples=["Image Gen"])
    instructor: str
    description: str
    color: str = Field(description="Two Tailwind classes.", examples=["from-pink-500 to-rose-600"])
    accent: str = Field(description="One colour for light and dark.", examples=["#db1f7d"])
    order_index: int
    total_modules: int = Field(description="Those that are live.", examples=[6])
    created_at: datetime
    updated_at: datetime


class Resource(ResponseModel):
    """One thing to do. A quiz's answers and explanations are shown to staff alone."""

    id: str = Field(examples=["foundations-image-gen-r1"])
    module_id: str = Field(examples=["foundations-image-gen"])
    pathway_id: str = Field(examples=["image-generation"])
    type: Literal["video", "article", "exercise", "project", "quiz"]
    title: str
    description: str
    order_index: int
    duration_minutes: int
    requires_upload: bool
    accepted_file_types: list[str] = Field(examples=[["image/png", "application/pdf"]])
    max_file_size_mb: int
    allow_resubmission: bool
    url: str | None
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    is_required: bool
    is_published: bool
