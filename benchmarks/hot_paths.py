"""The paths that are measured: what is asked, by whom, and how it varies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from benchmarks.histories import WALKED
from benchmarks.http_requests import HttpRequest, with_json
from benchmarks.identities import module_id, pathway_id, resource_id, waiting_id
from benchmarks.pgbench import CLIENTS, Variation
from benchmarks.probe import Prober
from benchmarks.scales import WAITING_EVERY
from benchmarks.world import World

RESOURCES = "/api/v1/resources"
PROGRESS = "/api/v1/progress"
OWN = f"{RESOURCES}/users/me/resources"
QUEUE = f"{RESOURCES}/admin/submissions/pending"
PAGE = 50

# Stand in a captured request for figures that pgbench chooses itself.
_PERCENTAGE, _MINUTES = 61, 54_321
_COMMENT = "Well done: clear, and measured."

# Puts every submission that waited back to waiting, with all triggers at work.
RETURN_TO_QUEUE = """
    UPDATE resource_submissions SET submission_status = 'uploaded'
    WHERE id IN (SELECT md5('waiting:' || number)::uuid
                 FROM generate_series(0, {learners} - 1, {every}) AS number)
      AND submission_status <> 'uploaded'
"""


@dataclass(frozen=True)
class HotPath:
    """One path: its requests, and how a peer runs the same."""

    name: str
    title: str
    requests: Callable[[World], Iterator[HttpRequest]]
    variation: Variation = field(default_factory=Variation)
    # Completes the requests by what the product answers; none left means that it cannot do this.
    complete: Callable[[Prober, list[HttpRequest]], list[HttpRequest]] | None = None
    status: int = 200
    in_reference: bool = True
    restore: str = ""  # run before each measurement


def _reads(path: Callable[[int], str]) -> Callable[[World], Iterator[HttpRequest]]:
    def requests(world: World) -> Iterator[HttpRequest]:
        for learner in world.learners():
            yield HttpRequest("GET", path(learner), world.token(learner), learner=learner)

    return requests


def _queue(query: str) -> Callable[[World], Iterator[HttpRequest]]:
    def requests(world: World) -> Iterator[HttpRequest]:
        last = max(world.scale.waiting - PAGE, 0)
        path = f"{QUEUE}?limit={PAGE}{query.format(last=last)}"
        for number in range(10):
            yield HttpRequest("GET", path, world.instructor_token(number))

    return requests


def _conditional(prober: Prober, requests: list[HttpRequest]) -> list[HttpRequest]:
    """The same, asked by somebody who has the answer already."""
    known = []
    for request in requests:
        tag = prober.expect(request).headers.get("etag")
        if tag is None:
            return []
        known.append(replace(request, headers={**request.headers, "If-None-Match": tag}))
    return known


def _last_by_cursor(prober: Prober, requests: list[HttpRequest]) -> list[HttpRequest]:
    """The last page as somebody reaches it who pages through all of them."""
    before = replace(requests[0], path=f"{requests[0].path}&offset={{}}")
    total = prober.expect(requests[0]).document()["total_pending"]
    before = replace(before, path=before.path.format(max(total - 2 * PAGE, 0)))
    cursor = prober.expect(before).document()["next_cursor"]
    return [replace(one, path=f"{one.path}&cursor={cursor}") for one in requests] if cursor else []


def _reports(world: World) -> Iterator[HttpRequest]:
    """What the learner is at: minutes grow from report to report, the percentage wanders."""
    learners = world.learners()
    for turn in range(4):
        for place, learner in enumerate(learners):
            body = {
                "progress_percentage": _PERCENTAGE if turn == 0 else (place + 17 * turn) % 100,
                "time_spent_minutes": _MINUTES + turn,
            }
            resource = resource_id(learner, WALKED[0] + 1)
            yield with_json(
                "PUT", f"{OWN}/{resource}/progress", world.token(learner), body, learner
            )


def _decisions(world: World) -> Iterator[HttpRequest]:
    for place, learner in enumerate(range(0, world.scale.learners, WAITING_EVERY)):
        yield with_json(
            "POST",
            f"{RESOURCES}/admin/submissions/{waiting_id(learner)}/review",
            world.instructor_token(place),
            {"submission_status": "approved", "grade": "pass", "review_comments": _COMMENT},
            learner,
        )


HOT_PATHS = (
    HotPath(
        "pathway_resources",
        "Read a pathway's 96 resources with one's own progress",
        _reads(lambda learner: f"{RESOURCES}/pathways/{pathway_id(learner)}/resources"),
    ),
    HotPath(
        "pathway_resources_304",
        "The same, unchanged since it was last read: 304",
        _reads(lambda learner: f"{RESOURCES}/pathways/{pathway_id(learner)}/resources"),
        complete=_conditional,
        status=304,
        in_reference=False,
    ),
    HotPath(
        "module_resources",
        "Read a module's 12 resources with one's own progress",
        _reads(
            lambda learner: f"{RESOURCES}/modules/{module_id(learner, 2)}/resources-with-progress"
        ),
    ),
    HotPath(
        "resource_progress",
        "Read one's record on a resource",
        _reads(lambda learner: f"{OWN}/{resource_id(learner, 1)}/progress"),
    ),
    HotPath(
        "pathway_page",
        "Read a pathway's page",
        _reads(lambda learner: f"{PROGRESS}/pathways/{pathway_id(learner)}"),
    ),
    HotPath(
        "dashboard",
        "Read the dashboard",
        _reads(lambda _: f"{PROGRESS}/user/dashboard"),
    ),
    HotPath(
        "progress_write",
        "Report progress on a resource",
        _reports,
        Variation(
            values={
                str(_PERCENTAGE): "(:i % 100)",
                str(_MINUTES): "(50000 + random() * 50000)::integer",
            }
        ),
    ),
    HotPath(
        "queue_first",
        "Review queue, first page of 50",
        _queue(""),
    ),
    HotPath(
        "queue_last",
        "Review queue, last page of 50 by offset",
        _queue("&offset={last}"),
    ),
    HotPath(
        "queue_last_by_cursor",
        "Review queue, last page of 50 by cursor",
        _queue(""),
        complete=_last_by_cursor,
        in_reference=False,
    ),
    HotPath(
        "review",
        "Decide on a submission",
        _decisions,
        Variation(
            choose=f"\\set k :k + 1\n"
            f"\\set i ({WAITING_EVERY} * (:client_id + {CLIENTS} * :k)) % :learners",
        ),
        restore=RETURN_TO_QUEUE,
    ),
)
