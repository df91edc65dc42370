"""Which pictures there are, and how they are made small."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from playwright.async_api import Page

from fixtures.history import History

MOST_BYTES = 250 * 1024
TALLEST = 1500

LEARNER = "learner@example.com"
INSTRUCTOR = "instructor@example.com"
ADMIN = "admin@example.com"

Prepare = Callable[[Page], Awaitable[None]]


class Picture(NamedTuple):
    """A screenshot as the browser made it."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Shot:
    """One picture to take: of what, by whom, how wide, and what is done before."""

    name: str
    address: str
    email: str = ""
    width: int = 1280
    prepare: Prepare | None = None
    is_whole: bool = True

    @property
    def height(self) -> int:
        return 844 if self.width < 500 else 800


def shots(history: History) -> list[Shot]:
    """Every picture of docs/, in the order of its pages."""
    work = f"/resources/{history.exercise}"
    return [
        Shot("home", "/"),
        Shot("learner-dashboard", "/dashboard", LEARNER),
        Shot("learner-dashboard-phone", "/dashboard", LEARNER, 390),
        Shot("learner-pathway", f"/pathways/{history.pathway}", LEARNER),
        Shot("learner-module", f"/modules/{history.module}", LEARNER),
        Shot("learner-hand-in", work, LEARNER),
        Shot("learner-hand-in-phone", work, LEARNER, 390),
        Shot("learner-quiz", f"/resources/{history.quiz}", LEARNER),
        Shot("instructor-queue", "/review", INSTRUCTOR),
        Shot("instructor-desk", f"/review/{history.waiting}", INSTRUCTOR, is_whole=False),
        Shot("instructor-modules", "/review/modules", INSTRUCTOR),
        Shot("instructor-learner", f"/learners/{history.learner}", INSTRUCTOR),
        Shot("health-overview", "/health-of-pathways", INSTRUCTOR),
        Shot("health-pathway", f"/health-of-pathways/{history.pathway}", INSTRUCTOR),
        Shot("health-pathway-phone", f"/health-of-pathways/{history.pathway}", INSTRUCTOR, 390),
        Shot(
            "health-quiz",
            f"/health-of-pathways/{history.pathway}/quizzes/{history.quiz}",
            INSTRUCTOR,
        ),
        Shot("operator-users", "/admin/users", ADMIN),
        Shot("operator-user", f"/admin/users/{history.learner}", ADMIN, prepare=_make_instructor),
        Shot("operator-catalog", "/admin/catalog", ADMIN),
        Shot("operator-dry-run", "/admin/catalog", ADMIN, prepare=_upload_a_change),
    ]


async def _make_instructor(page: Page) -> None:
    await page.get_by_label("Role", exact=True).select_option("instructor")
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url("**notice=user-changed")


async def _upload_a_change(page: Page) -> None:
    """A dry run of a module with one resource fewer, which moves figures."""
    export = await page.request.get(page.url + "/export/prompt-engineering")
    text = (await export.body()).decode()
    first, marker, rest = text.partition("      - id: prompting-foundations-r2\n")
    _, following, after = rest.partition("      - id: prompting-foundations-r3\n")
    assert marker, "the sample catalog names its resources otherwise"
    file: Any = {
        "name": "prompt-engineering.yaml",
        "mimeType": "application/yaml",
        "buffer": (first + following + after).encode(),
    }
    await page.locator("#files").set_input_files(file)
    await page.get_by_role("button", name="Show what would change").click()
    await page.wait_for_url("**/drafts/*")


def saved(picture: Picture, directory: Path) -> Path:
    """Write the picture with a palette, cut where it becomes too tall; at most 250 KB."""
    directory.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(picture.content)).convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, TALLEST)))
    small = image.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    file = directory / f"{picture.name}.png"
    small.save(file, optimize=True)
    size = file.stat().st_size
    assert size < MOST_BYTES, f"{file} is {size:,} bytes"
    return file
