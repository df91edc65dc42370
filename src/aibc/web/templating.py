"""How pages are made: templates that escape everything, under a policy without inline code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from aibc import __version__
from aibc.web import assets, formats
from aibc.web.icons import icon
from aibc.web.notices import NOTICES
from aibc.web.visitors import Visitor

_TEMPLATES = Path(__file__).parent / "templates"

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,  # a running service shows the pages it was started with
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals.update(
    asset=assets.url,
    icon=icon,
    version=__version__,
    counted=formats.counted,
    notices=NOTICES,
)
_ENVIRONMENT.filters.update(
    moment=formats.moment,
    day=formats.day,
    file_size=formats.file_size,
    duration=formats.duration,
    waiting=formats.waiting,
    initials=formats.initials,
    paragraphs=formats.paragraphs,
)


def page_policy(*, connect: Iterable[str] = (), frames: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of a page; `connect` and `frames` name further origins."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"font-src 'self'; {_sources('connect-src', connect)}; {_sources('frame-src', frames)}; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )


def _sources(directive: str, origins: Iterable[str]) -> str:
    return " ".join((directive, "'self'", *origins))


PAGE_POLICY = page_policy()


def render(
    visitor: Visitor,
    template: str,
    *,
    status: int = 200,
    policy: str = PAGE_POLICY,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A template as the answer to a visitor, whom it can name as `visitor`.

    `headers` are those of the error that it shows.
    """
    html = _ENVIRONMENT.get_template(template).render(visitor=visitor, **values)
    sent = {
        **(headers or {}),
        "Content-Security-Policy": policy,
        "Vary": "Cookie, HX-Request",
        # Without any referrer a browser would not say either that a form is ours.
        "Referrer-Policy": "same-origin",
    }
    response = Response(html, status, sent, "text/html")
    visitor.remember(response)
    return response
