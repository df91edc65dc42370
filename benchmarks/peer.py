"""`python -m benchmarks.peer reference|static`: something to compare with.

The product's server, settings and number of workers; only the application differs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

from starlette.types import ASGIApp

from aibc.settings import load_settings
from aibc.workers import run_workers

APPLICATIONS = {
    "reference": "benchmarks.reference.app",
    "static": "benchmarks.static_server",
}


def main() -> None:
    create_app: Callable[[], ASGIApp] = import_module(APPLICATIONS[sys.argv[1]]).create_app
    run_workers(load_settings().server, create_app)


if __name__ == "__main__":
    main()
