"""Which videos can be played inside a page, and from where; nothing is asked before a click."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

YOUTUBE = "https://www.youtube-nocookie.com"
VIMEO = "https://player.vimeo.com"
FRAME_ORIGINS = (YOUTUBE, VIMEO)

_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_VIMEO_ID = re.compile(r"[0-9]{5,12}")


def embed_address(url: str | None) -> str | None:
    """The address of the player for a video of a site we know; None for any other."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    if parts.scheme != "https":
        return None
    if host in ("youtube.com", "youtube-nocookie.com", "youtu.be"):
        return _youtube(host, parts.path, parts.query)
    if host in ("vimeo.com", "player.vimeo.com"):
        video = parts.path.rpartition("/")[2]
        return f"{VIMEO}/video/{video}?dnt=1" if _VIMEO_ID.fullmatch(video) else None
    return None


def _youtube(host: str, path: str, query: str) -> str | None:
    if host == "youtu.be" or path.startswith(("/embed/", "/shorts/", "/live/")):
        video = path.rpartition("/")[2]
    else:
        video = parse_qs(query).get("v", [""])[0]
    return f"{YOUTUBE}/embed/{video}" if _YOUTUBE_ID.fullmatch(video) else None
