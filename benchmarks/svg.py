"""Pictures as SVG, readable on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH = 820
ROW = 17
COLOURS = ("c0", "c1", "c2", "c3")
_STYLE = """
text{font:12px system-ui,sans-serif;fill:#1f2937}.soft{fill:#6b7280}.title{font-weight:600}
.grid{stroke:#d1d5db;stroke-width:1}.c0{fill:#2563eb}.c1{fill:#9ca3af}.c2{fill:#d97706}.c3{fill:#059669}
.line{fill:none;stroke-width:2}.s0{stroke:#2563eb}.s1{stroke:#9ca3af}.s2{stroke:#d97706}.s3{stroke:#059669}
@media(prefers-color-scheme:dark){text{fill:#e5e7eb}.soft{fill:#9ca3af}.grid{stroke:#374151}
.c0{fill:#60a5fa}.c1{fill:#6b7280}.c2{fill:#fbbf24}.c3{fill:#34d399}
.s0{stroke:#60a5fa}.s1{stroke:#6b7280}.s2{stroke:#fbbf24}.s3{stroke:#34d399}}
""".replace("\n", "")


@dataclass(frozen=True)
class Group:
    """Bars that belong together; None where there is nothing to compare."""

    title: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Line:
    name: str
    points: Sequence[tuple[float, float]]


def bars(title: str, series: Sequence[str], groups: Sequence[Group], unit: str) -> str:
    """Horizontal bars on a logarithmic scale, a group below the other."""
    present = [value for group in groups for value in group.values if value]
    low = 10 ** math.floor(math.log10(min(present)))
    high = max(present) * 1.05
    left, right = 260, 90

    def x(value: float) -> float:
        share = (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low))
        return left + max(share, 0.002) * (WIDTH - left - right)

    parts = [_text(0, 14, title, "title"), _legend(series, 34)]
    y = 52.0
    for group in groups:
        shown = [(place, value) for place, value in enumerate(group.values) if value]
        middle = y + len(shown) * ROW / 2 + 4
        parts.append(_text(left - 10, middle, group.title, anchor="end"))
        for place, value in shown:
            width = x(value) - left
            parts.append(
                f'<rect class="{COLOURS[place]}" x="{left}" y="{y:.1f}" width="{width:.1f}" '
                f'height="{ROW - 4}" rx="2"/>'
            )
            parts.append(_text(x(value) + 6, y + ROW - 6, f"{short(value)} {unit}", "soft"))
            y += ROW
        y += 12
    return _picture(title, y, parts)


def lines(title: str, series: Sequence[Line], x_unit: str, y_unit: str, ceiling: float = 0) -> str:
    """Lines over time, from zero."""
    points = [point for line in series for point in line.points]
    right_most = max((x for x, _ in points), default=1.0) or 1.0
    top = max(ceiling, *(y for _, y in points)) * 1.1 if points else 1.0
    left, height, begin = 60, 220, 52

    def place(point: tuple[float, float]) -> str:
        x = left + point[0] / right_most * (WIDTH - left - 20)
        return f"{x:.1f},{begin + height - point[1] / top * height:.1f}"

    parts = [_text(0, 14, title, "title"), _legend([line.name for line in series], 34)]
    for step in range(5):
        y = begin + height - step * height / 4
        parts.append(f'<line class="grid" x1="{left}" x2="{WIDTH - 20}" y1="{y}" y2="{y}"/>')
        parts.append(_text(left - 8, y + 4, short(top * step / 4), "soft", anchor="end"))
    for number, line in enumerate(series):
        path = " ".join(place(point) for point in line.points)
        parts.append(f'<polyline class="line s{number}" points="{path}"/>')
    parts.append(
        _text(left, begin + height + 18, f"{y_unit}, over {short(right_most)} {x_unit}", "soft")
    )
    return _picture(title, begin + height + 30, parts)


def short(value: float) -> str:
    """A figure with about three digits that matter."""
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _legend(names: Sequence[str], y: float) -> str:
    parts, x = [], 0.0
    for number, name in enumerate(names):
        parts.append(
            f'<rect class="{COLOURS[number]}" x="{x}" y="{y - 10}" width="11" height="11" rx="2"/>'
        )
        parts.append(_text(x + 16, y, name, "soft"))
        x += 40 + 6.6 * len(name)
    return "".join(parts)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _picture(title: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'width="{WIDTH}" role="img" aria-label="{escape(title)}">'
        f"<style>{_STYLE}</style>{''.join(parts)}</svg>\n"
    )
