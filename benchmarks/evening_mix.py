"""What a bootcamp evening is made of: the acts of one learner's hour, and of those who review.

A learner opens the dashboard, walks to a resource, works, and lets the page report every two
minutes; every second learner hands in a file in that hour, most of them about a mebibyte. For each
hundred learners one instructor reads a page of the queue every two minutes and decides once a
minute. Everybody signs in once.
"""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Callable
from itertools import count

from benchmarks.histories import WALKED
from benchmarks.hot_paths import OWN, PAGE, PROGRESS, QUEUE, RESOURCES
from benchmarks.http_requests import HttpRequest, with_json
from benchmarks.identities import module_id, pathway_id, resource_id, waiting_id
from benchmarks.scales import WAITING_EVERY
from benchmarks.sign_in_part import sign_in_request
from benchmarks.upload_clients import BOUNDARY, MEBIBYTE, PLACE, form
from benchmarks.world import World

# How often in one learner's hour.
TIMES_AN_HOUR = {
    "sign in": 1.0,
    "dashboard": 2.0,
    "pathway page": 4.0,
    "pathway's resources": 6.0,
    "module's resources": 6.0,
    "own record": 6.0,
    "start a resource": 4.0,
    "report progress": 30.0,
    "hand in 1 MiB": 0.45,
    "hand in 10 MiB": 0.05,
    "queue page": 0.3,
    "decide": 0.6,
}


class Evening:
    """Makes requests as they come in an evening."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = random.Random(world.scale.learners)
        self._learners = world.learners()
        self._tokens = {learner: world.token(learner) for learner in self._learners}
        self._staff = [world.instructor_token(number) for number in range(10)]
        self._turns = count()
        self._minutes = count(1)
        self._files = {size: form(size * MEBIBYTE) for size in (1, 10)}
        self._waiting = deque(
            str(waiting_id(number)) for number in range(0, world.scale.learners, WAITING_EVERY)
        )
        self._names = list(TIMES_AN_HOUR)
        self._weights = list(TIMES_AN_HOUR.values())
        self._makers: dict[str, Callable[[int], HttpRequest]] = {
            "sign in": sign_in_request,
            "dashboard": self._get(lambda _: f"{PROGRESS}/user/dashboard"),
            "pathway page": self._get(lambda who: f"{PROGRESS}/pathways/{pathway_id(who)}"),
            "pathway's resources": self._get(
                lambda who: f"{RESOURCES}/pathways/{pathway_id(who)}/resources"
            ),
            "module's resources": self._get(
                lambda who: f"{RESOURCES}/modules/{module_id(who, 4)}/resources-with-progress"
            ),
            "own record": self._get(lambda who: f"{OWN}/{resource_id(who, 1)}/progress"),
            "start a resource": self._start,
            "report progress": self._report,
            "hand in 1 MiB": lambda _: self._hand_in(1),
            "hand in 10 MiB": lambda _: self._hand_in(10),
            "queue page": lambda _: HttpRequest(
                "GET", f"{QUEUE}?limit={PAGE}", self._chance.choice(self._staff)
            ),
            "decide": lambda _: self._decide(),
        }

    def next(self) -> tuple[str, bytes]:
        """An act's name and its request."""
        (name,) = self._chance.choices(self._names, self._weights)
        return name, self._makers[name](self._chance.choice(self._learners)).raw()

    def answered(self, name: str, body: bytes) -> None:
        """A file handed in waits for a decision from now on."""
        if name.startswith("hand in"):
            self._waiting.append(json.loads(body)["submission_id"])

    def _get(self, path: Callable[[int], str]) -> Callable[[int], HttpRequest]:
        return lambda who: HttpRequest("GET", path(who), self._tokens[who])

    def _start(self, who: int) -> HttpRequest:
        resource = resource_id(who, WALKED[0] + self._chance.randrange(2, 8))
        return HttpRequest("POST", f"{OWN}/{resource}/start", self._tokens[who])

    def _report(self, who: int) -> HttpRequest:
        body = {
            "progress_percentage": self._chance.randrange(100),
            "time_spent_minutes": next(self._minutes) % 100_000,
        }
        path = f"{OWN}/{resource_id(who, WALKED[0] + 1)}/progress"
        return with_json("PUT", path, self._tokens[who], body)

    def _hand_in(self, size: int) -> HttpRequest:
        """Everybody there is in turn, so that nobody's limits are reached."""
        who = next(self._turns) % self._world.scale.learners
        return HttpRequest(
            "POST",
            f"{OWN}/{resource_id(who, PLACE)}/upload",
            self._world.token(who),
            self._files[size],
            {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
        )

    def _decide(self) -> HttpRequest:
        """Whoever waits longest; where nobody does, the last one again, which changes nothing."""
        submission = self._waiting[0] if len(self._waiting) == 1 else self._waiting.popleft()
        return with_json(
            "POST",
            f"{RESOURCES}/admin/submissions/{submission}/review",
            self._chance.choice(self._staff),
            {"submission_status": "approved", "grade": "pass"},
        )
