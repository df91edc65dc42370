"""What every part of a run needs: the database, the scale, the pace, and services on demand."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.hot_paths import HotPath
from benchmarks.measuring import DATABASE, Pace, Stage
from benchmarks.postgres import Postgres
from benchmarks.processes import (
    PRODUCT,
    REFERENCE,
    STATIC,
    Service,
    product_settings,
    running,
)
from benchmarks.scales import Scale
from benchmarks.seeding import seed
from benchmarks.world import World


@dataclass(frozen=True)
class Bench:
    """One run."""

    postgres: Postgres
    directory: Path
    scale: Scale
    pace: Pace
    say: Callable[[str], None]
    path_names: frozenset[str] = frozenset()  # empty: all
    secret: str = field(default_factory=lambda: secrets.token_hex(32))

    @property
    def files(self) -> Path:
        """Where services keep their files and logs."""
        return self.directory / "run"

    @property
    def world(self) -> World:
        return World(self.scale, self.secret)

    def wanted(self, paths: Iterable[HotPath]) -> list[HotPath]:
        """Those of the paths that the run is about."""
        return [path for path in paths if not self.path_names or path.name in self.path_names]

    def seeded(self, scale: Scale) -> str:
        """The name of the scale's template; seeds it where there is none yet."""
        done = 0

        def advance(learners: int) -> None:
            nonlocal done
            done += learners
            self.say(f"Seeding {scale.name}: {done:,} of {scale.learners:,} learners")

        return seed(self.postgres, scale, advance)

    def furnish(self, scale: Scale | None = None, database: str = DATABASE) -> None:
        """A fresh copy of the scale's data to measure on."""
        name = self.seeded(scale or self.scale)
        self.say(f"Copying {name}")
        self.postgres.clone(name, database)

    def product(self, database: str = DATABASE) -> Service:
        return Service("product", PRODUCT, self._settings(database), self.files)

    @contextmanager
    def stage(
        self, *, with_peers: bool = False, scale: Scale | None = None, database: str = DATABASE
    ) -> Iterator[Stage]:
        """The product, and where wanted its peers, up and running over a copy."""
        product = self.product(database)
        peers: list[Service] = []
        if with_peers:
            settings = {
                **self._settings(database),
                "UPLOAD_DIR": str(self.files / "reference-files"),
            }
            peers = [
                Service("reference", REFERENCE, settings, self.files),
                Service("static", STATIC, settings, self.files),
            ]
        with running(product, *peers):
            world = World(scale or self.scale, self.secret)
            yield Stage(self.postgres, world, product, database, *peers)

    def _settings(self, database: str) -> dict[str, str]:
        return product_settings(self.postgres.url(database), self.files, self.secret)
