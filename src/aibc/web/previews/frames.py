"""The pages inside the frames: no origin, no network, no script but the viewer of PDFs.

Everything a frame shows comes with it, so its policy can forbid it to load anything. The policy is
a header: it holds as well where somebody opens the address by itself.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from aibc.errors import AibcError
from aibc.web.previews.text import Body

_HERE = Path(__file__).parent
_STYLE = (_HERE / "static" / "frame.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

# No learner's text can spell it: what they write is escaped.
FILE_GOES_HERE = "<the-file>"

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals |= {
    "style": Markup(_STYLE),  # noqa: S704  # a file of ours
    "file_goes_here": Markup(FILE_GOES_HERE),  # noqa: S704
}


def frame_headers(scripts: tuple[str, ...] = ()) -> dict[str, str]:
    """The headers of every frame; `scripts` are the only addresses its scripts may come from."""
    policy = [
        "sandbox allow-scripts" if scripts else "sandbox",
        "default-src 'none'",
        f"style-src 'sha256-{_STYLE_HASH}'",
        "img-src data: blob:" if scripts else "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
    if scripts:
        policy += [f"script-src {' '.join(scripts)}", "worker-src blob:"]
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Frame-Options": "SAMEORIGIN",
        "X-Robots-Tag": "none",
        "Cache-Control": "no-store",
    }


def render(template: str, **values: Any) -> str:
    """The markup of a frame."""
    return _ENVIRONMENT.get_template(template).render(values)


def text_frame(title: str, body: Body) -> HTMLResponse:
    """A frame of markup that was made here."""
    html = render("text.html", title=title, body=body)
    # A notebook can hold half a character, which no encoding has.
    return HTMLResponse(html.encode("utf-8", "replace"), headers=frame_headers())


def refusal(error: AibcError) -> HTMLResponse:
    """A frame that says why there is nothing to see."""
    html = render("refusal.html", title="No preview", sentence=error.detail)
    return HTMLResponse(html, error.status, {**error.headers, **frame_headers()})
