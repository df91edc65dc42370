"""Icons as inline SVG: 24 × 24, drawn with one line in the colour of the text around them."""

from __future__ import annotations

import json
from importlib.resources import files

from markupsafe import Markup

# Names and paths, in a file of their own: one icon a line.
ICONS: dict[str, str] = json.loads(files(__package__).joinpath("icons.json").read_text("utf-8"))

_DECORATION = Markup(
    '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>'
)
_PICTURE = Markup(
    '<svg class="icon" viewBox="0 0 24 24" role="img" aria-label="{1}"><path d="{0}"/></svg>'
)


def icon(name: str, label: str = "") -> Markup:
    """An icon, hidden from screen readers unless `label` says what it stands for."""
    return (_PICTURE if label else _DECORATION).format(ICONS[name], label)
