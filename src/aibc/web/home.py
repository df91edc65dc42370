"""The front page, and the pages that explain each kind of error."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from aibc.errors import AibcError
from aibc.http.access import Public
from aibc.web.templating import render
from aibc.web.visitors import Guest

router = APIRouter(dependencies=[Public], include_in_schema=False)


@router.get("/")
async def show_home(visitor: Guest) -> Response:
    """What this is and where to go; somebody who is signed in goes straight on."""
    if visitor.person:
        return RedirectResponse("/dashboard", 303)
    return render(visitor, "home.html")


@router.get("/problems/{code}")
async def explain_problem(visitor: Guest, code: str) -> Response:
    """What the `type` of a problem document leads to; rules of the database say more themselves."""
    for error in _errors(AibcError):
        if error.code == code:
            sentence = (error.__doc__ or "").strip().splitlines()[0]
            return render(
                visitor, "problem.html", code=code, problem_status=error.status, sentence=sentence
            )
    return render(visitor, "problem.html", code=None, problem_status=None, sentence=None)


def _errors(kind: type[AibcError]) -> Iterator[type[AibcError]]:
    for error in kind.__subclasses__():
        if isinstance(getattr(error, "code", None), str) and error.__doc__:
            yield error
        yield from _errors(error)
