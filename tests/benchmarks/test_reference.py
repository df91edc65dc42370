"""The reference is a fair one: it answers what the product answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from aibc.app import create_app
from aibc.settings import DatabaseSettings, load_settings
from benchmarks.hot_paths import HOT_PATHS, HotPath
from benchmarks.reference import app as reference
from benchmarks.reference.database import engine
from benchmarks.world import World

from .conftest import SCALE

SECRET = "a long secret for the reference, known to nobody but this test"
READS = [path for path in HOT_PATHS if path.in_reference and path.name != "progress_write"]
# What each says in its own words: shapes that no work hangs on.
OWN_WORDS = {"dashboard", "review"}


@pytest.fixture
async def both(
    seeded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Clients of the product and of the reference, over the same database."""
    monkeypatch.setenv("DATABASE_URL", seeded_url)
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)
    loaded = load_settings({"AIBC_DATA_DIR": str(tmp_path / "data"), "LOG_LEVEL": "error"})
    product = create_app(
        replace(
            loaded,
            database=DatabaseSettings(url=seeded_url, embedded=False, pool_size=5),
            tokens=replace(loaded.tokens, access_secret=SECRET),
        )
    )
    async with (
        product.router.lifespan_context(product),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(product), base_url="http://localhost"
        ) as ours,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(reference.create_app()), base_url="http://localhost"
        ) as theirs,
    ):
        yield ours, theirs
    await engine().dispose()
    engine.cache_clear()


@pytest.mark.parametrize(
    "path", [one for one in READS if one.name not in OWN_WORDS], ids=lambda path: path.name
)
async def test_the_reference_answers_what_the_product_answers(
    path: HotPath, both: tuple[httpx.AsyncClient, httpx.AsyncClient]
) -> None:
    request = next(path.requests(World(SCALE, SECRET)))
    answers = []
    for client in both:
        answer = await client.get(
            request.path, headers={"Authorization": f"Bearer {request.token}"}
        )
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    _agree(answers[0], answers[1], same=lambda key: key != "hours_waiting")


def _agree(ours: Any, theirs: Any, same: Callable[[str], bool]) -> None:
    """Everything the reference says is what the product says; the product may say more."""
    if isinstance(theirs, dict):
        for key, value in theirs.items():
            if same(key) and not (key == "metadata" and "questions" in value):
                _agree(ours[key], value, same)
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for left, right in zip(ours, theirs, strict=True):
            _agree(left, right, same)
    else:
        assert ours == theirs
