"""The front page, and the pages that explain each kind of error."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from aibc import __version__
from aibc.errors import AibcError
from aibc.http.access import Public
from aibc.http.static_files import shared_files
from aibc.web.templating import STATIC_DIRECTORY, page

router = APIRouter(dependencies=[Public], include_in_schema=False)


@router.get("/")
async def show_home() -> Response:
    """What this is and where to go."""
    return page("home.html", version=__version__)


@router.get("/problems/{code}")
async def explain_problem(code: str) -> Response:
    """What the `type` of a problem document leads to; rules of the database say more themselves."""
    for error in _errors(AibcError):
        if error.code == code:
            sentence = (error.__doc__ or "").strip().splitlines()[0]
            return page("problem.html", code=code, problem_status=error.status, sentence=sentence)
    return page("problem.html", code=None, problem_status=None, sentence=None)


def mount(app: FastAPI) -> None:
    """Serve the pages' styles and pictures."""
    app.mount("/static", shared_files(STATIC_DIRECTORY))


def _errors(kind: type[AibcError]) -> Iterator[type[AibcError]]:
    for error in kind.__subclasses__():
        if isinstance(getattr(error, "code", None), str) and error.__doc__:
            yield error
        yield from _errors(error)
