"""The page of a resource with what its type needs: a player, a quiz, or a place to hand in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from aibc.catalog.quiz import DEFAULT_PASSING_SCORE, learner_view
from aibc.catalog.snapshot import Resource
from aibc.http.context import AppState
from aibc.progress import quiz_service
from aibc.progress.documents import Document
from aibc.settings import MEBIBYTE
from aibc.submissions.errors import ExtensionMissing, FileEmpty
from aibc.submissions.file_stream import too_large
from aibc.submissions.file_types import FileType, accepted_types, refusal
from aibc.submissions.service import list_own, uploads_left
from aibc.web.learner.place import Place
from aibc.web.learner.quiz_form import Answer, Question, questions_of
from aibc.web.learner.videos import FRAME_ORIGINS, embed_address
from aibc.web.templating import page_policy, render
from aibc.web.visitors import Visitor

SHOWN_ATTEMPTS = 50


@dataclass(frozen=True)
class QuizDesk:
    """A quiz as its page shows it; `questions` is empty while only results are shown."""

    view: Mapping[str, Any]
    passing_score: int
    attempts: Sequence[Document]
    attempts_left: int | None
    questions: Sequence[Question]
    answers: Mapping[str, Answer] = field(default_factory=dict)
    blanks: Sequence[int] = ()

    @property
    def has_passed(self) -> bool:
        return any(one["passed"] for one in self.attempts)


@dataclass(frozen=True)
class HandInDesk:
    """What a learner sees before choosing a file, and the files they have handed in.

    The sentences are those the service would answer; `{}` in `not_taken` is the extension.
    """

    types: Sequence[FileType]
    max_bytes: int
    uploads_left: int
    uploads_per_hour: int
    submissions: Sequence[Document]
    is_direct: bool
    too_large: str
    empty: str
    no_extension: str
    not_taken: str

    @property
    def extensions(self) -> str:
        return ",".join(f".{one}" for row in self.types for one in row.extensions)

    @property
    def waiting(self) -> Document | None:
        return next(
            (one for one in self.submissions if one["submission_status"] == "uploaded"), None
        )


@dataclass(frozen=True)
class Shown:
    """What the page of a resource says beside the resource itself."""

    status: int = 200
    refusal: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_playing: bool = False
    retake: bool = False
    answers: Mapping[str, Answer] = field(default_factory=dict)
    blanks: Sequence[int] = ()


async def resource_page(
    state: AppState, visitor: Visitor, place: Place, shown: Shown = Shown()
) -> Response:
    """The whole page, under a policy that allows no more than it shows."""
    resource = place.resource
    embed = embed_address(resource.url) if resource.type == "video" else None
    is_playing = shown.is_playing and embed is not None
    desk = await hand_in_desk(state, visitor, place) if resource.requires_upload else None
    is_graded = resource.type == "quiz" and not place.by_word and not resource.requires_upload
    return render(
        visitor,
        "learner/resource.html",
        status=shown.status,
        headers=shown.headers,
        policy=page_policy(
            connect=[state.settings.storage.endpoint] if desk and desk.is_direct else (),
            frames=FRAME_ORIGINS if is_playing else (),
        ),
        place=place,
        refusal=shown.refusal,
        embed=embed,
        is_playing=is_playing,
        desk=desk,
        quiz=await _quiz_desk(state, visitor, resource, shown) if is_graded else None,
    )


async def hand_in_desk(state: AppState, visitor: Visitor, place: Place) -> HandInDesk:
    """Where this learner hands in a file for this resource."""
    resource, limits = place.resource, state.settings.uploads
    accepted = resource.accepted_file_types
    max_bytes = min(resource.max_file_size_mb * MEBIBYTE, limits.max_file_bytes)
    return HandInDesk(
        types=accepted_types(accepted),
        max_bytes=max_bytes,
        uploads_left=await uploads_left(state.database, visitor.actor, limits.uploads_per_hour),
        uploads_per_hour=limits.uploads_per_hour,
        submissions=await list_own(state.database, visitor.actor, resource.id),
        is_direct=not state.settings.storage.is_local,
        too_large=too_large(max_bytes).detail,
        empty=FileEmpty().detail,
        no_extension=ExtensionMissing().detail,
        not_taken=refusal("Files ending in .{} are not taken here", accepted).detail,
    )


async def _quiz_desk(
    state: AppState, visitor: Visitor, resource: Resource, shown: Shown
) -> QuizDesk:
    view = learner_view(resource.metadata)
    attempts = await quiz_service.history(
        state.database, visitor.user_id, resource.id, None, SHOWN_ATTEMPTS
    )
    left = (
        attempts[0]["attempts_left"]
        if attempts
        else await quiz_service.attempts_left(state.database, visitor.user_id, resource.id)
    )
    asks = left != 0 and (not attempts or shown.retake)
    number = attempts[0]["attempt"] + 1 if attempts else 1
    return QuizDesk(
        view=view,
        passing_score=view.get("passingScore", DEFAULT_PASSING_SCORE),
        attempts=attempts,
        attempts_left=left,
        questions=questions_of(view, visitor.user_id, number) if asks else (),
        answers=shown.answers,
        blanks=shown.blanks,
    )
