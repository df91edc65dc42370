"""How pages write times, sizes and names. Times are UTC; the browser shows its reader's own."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup, escape

_UNITS = ("bytes", "KB", "MB", "GB")


def moment(value: datetime | str | None) -> Markup:
    """A point in time as a `<time>`; nothing where there is none."""
    if value is None:
        return Markup("")
    when = datetime.fromisoformat(value) if isinstance(value, str) else value
    when = when.astimezone(UTC)
    machine = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    words = f"{when.day} {when:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(machine, words)


def day(value: datetime | str | None) -> Markup:
    """The day of a point in time as a `<time>`."""
    if value is None:
        return Markup("")
    when = datetime.fromisoformat(str(value)) if isinstance(value, str) else value
    return Markup('<time datetime="{}" data-day>{}</time>').format(
        when.strftime("%Y-%m-%d"), f"{when.day} {when:%b %Y}"
    )


def file_size(size: int) -> str:
    """Bytes in the largest unit that leaves at least one: `1.5 MB`; MB = 1024²."""
    amount = float(size)
    for unit in _UNITS[:-1]:
        if amount < 1024:
            return _amount(amount, unit)
        amount /= 1024
    return _amount(amount, _UNITS[-1])


def _amount(amount: float, unit: str) -> str:
    if unit == "bytes":
        return "1 byte" if amount == 1 else f"{amount:.0f} bytes"
    return f"{amount:.1f}".removesuffix(".0") + f" {unit}"


def duration(minutes: int) -> str:
    """Minutes in words: `45 min`, `2 h`, `2 h 15 min`."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def waiting(hours: float) -> str:
    """How long something has waited, in the unit a person would choose."""
    if hours < 1:
        return f"{max(1, round(hours * 60))} min"
    if hours < 48:
        return f"{hours:.0f} h"
    return f"{hours / 24:.0f} days"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun: `1 module`, `2 modules`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def initials(name: str) -> str:
    """One or two letters that stand for a person."""
    words = name.split()
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper() if words else "?"


def paragraphs(text: str) -> Markup:
    """Plain text with its paragraphs and line breaks kept, everything escaped."""
    blocks = (block for block in text.replace("\r\n", "\n").split("\n\n") if block.strip())
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in block.split("\n")))
        for block in blocks
    )
