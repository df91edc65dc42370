"""Which part of the queue an instructor works through: carried along from page to page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends
from starlette.requests import Request

from aibc.catalog.snapshot import CatalogSnapshot, Module, Pathway
from aibc.reviews.desk import Filters
from aibc.reviews.schemas import PendingQuery
from aibc.web.forms import validated

# What fits on a page with everything around it.
ROWS = 25


@dataclass(frozen=True)
class Part:
    """A part of the queue, as addresses write it."""

    query: PendingQuery

    @property
    def filters(self) -> Filters:
        return self.query.filters

    @property
    def is_everything(self) -> bool:
        return self.filters == (None, None, None)

    def address(self, path: str, **more: Any) -> str:
        """`path` for this part of the queue; what is None is left out."""
        named = dict(zip(("pathway_id", "module_id", "resource_type"), self.filters, strict=True))
        given = {name: str(value) for name, value in (named | more).items() if value is not None}
        return f"{path}?{urlencode(given)}" if given else path


async def _part(request: Request) -> Part:
    return Part(validated(PendingQuery, {"limit": ROWS, **request.query_params}))


PartDep = Annotated[Part, Depends(_part)]


def choices_of_modules(
    catalog: CatalogSnapshot, pathway_id: str | None
) -> list[tuple[Pathway, list[Module]]]:
    """Every module to choose from under its pathway; those of one pathway when it is named."""
    return [
        (pathway, modules)
        for pathway in catalog.pathway_by_id.values()
        if pathway_id in (None, pathway.id)
        and (
            modules := [
                one for one in catalog.module_by_id.values() if one.pathway_id == pathway.id
            ]
        )
    ]
