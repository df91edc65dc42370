"""The roll-up rules written a second time, in Python, from nothing but the source rows.

`differences(connection)` loads every source row, works out what each rolled-up figure has to be,
and names each one that the database stores otherwise. It shares no code with the triggers.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5
from typing import Any
from uuid import UUID

from aibc.database.pool import Connection, Record
from rollups.recount_of_quizzes import Quizzes, load_quizzes

DONE = {"completed", "reviewed"}
HANDED_IN = {"submitted", "completed", "reviewed"}
PathwayKey = tuple[UUID, str]
ModuleKey = tuple[UUID, str]


@dataclass
class World:
    """All source rows, indexed the way the rules ask for them."""

    module_pathway: dict[str, str]
    live_modules: dict[str, list[str]]
    counted: dict[str, list[str]]
    completions: dict[tuple[UUID, str], Record]
    submissions: dict[tuple[UUID, str], list[Record]]
    decisions: dict[ModuleKey, list[Record]]
    milestones: dict[PathwayKey, datetime]
    minutes: Counter[PathwayKey]
    last_accesses: dict[PathwayKey, datetime]
    types: dict[str, str]
    first_approvals: set[ModuleKey]
    quizzes: Quizzes
    learners: set[PathwayKey] = field(default_factory=set)


@dataclass(frozen=True)
class ModuleState:
    """What the module's row has to say; status None means that no row stands."""

    percentage: int
    status: str | None
    by_hand: bool = False
    reviewed_by: UUID | None = None
    reviewed_at: datetime | None = None
    comments: str | None = None
    handed_in_at: datetime | None = None
    minutes: int = 0


async def load_world(connection: Connection) -> World:
    pathways = {row["id"]: row for row in await connection.fetch("SELECT * FROM pathways")}
    modules = {row["id"]: row for row in await connection.fetch("SELECT * FROM modules")}
    resources = await connection.fetch("SELECT * FROM resources")

    def is_live(row: Record) -> bool:
        return bool(row["is_published"] and row["removed_at"] is None)

    live_modules: dict[str, list[str]] = defaultdict(list)
    for module in modules.values():
        if is_live(module) and is_live(pathways[module["pathway_id"]]):
            live_modules[module["pathway_id"]].append(module["id"])
    live_module_ids = {module_id for ids in live_modules.values() for module_id in ids}
    counted: dict[str, list[str]] = defaultdict(list)
    for resource in resources:
        if (
            is_live(resource)
            and resource["is_required"]
            and resource["module_id"] in live_module_ids
        ):
            counted[resource["module_id"]].append(resource["id"])

    submissions: dict[tuple[UUID, str], list[Record]] = defaultdict(list)
    for row in await connection.fetch("SELECT * FROM resource_submissions ORDER BY attempt"):
        submissions[row["user_id"], row["resource_id"]].append(row)
    decisions: dict[ModuleKey, list[Record]] = defaultdict(list)
    milestones: dict[PathwayKey, datetime] = {}
    first_approvals: set[ModuleKey] = set()
    for row in await connection.fetch("SELECT * FROM module_decisions ORDER BY sequence"):
        if row["kind"] == "pathway_completed":
            milestones[row["user_id"], row["pathway_id"]] = row["created_at"]
        elif row["kind"] == "first_approved":
            first_approvals.add((row["user_id"], row["module_id"]))
        else:
            decisions[row["user_id"], row["module_id"]].append(row)
    completions = await connection.fetch("SELECT * FROM resource_completions")
    minutes: Counter[PathwayKey] = Counter()
    last_accesses: dict[PathwayKey, datetime] = {}
    for row in completions:
        place = row["user_id"], row["pathway_id"]
        minutes[place] += row["time_spent_minutes"]
        last = last_accesses.get(place, row["last_accessed_at"])
        last_accesses[place] = max(last, row["last_accessed_at"])
    return World(
        module_pathway={module_id: row["pathway_id"] for module_id, row in modules.items()},
        live_modules=live_modules,
        counted=counted,
        completions={(row["user_id"], row["resource_id"]): row for row in completions},
        minutes=minutes,
        last_accesses=last_accesses,
        types={row["id"]: row["type"] for row in resources},
        first_approvals=first_approvals,
        quizzes=await load_quizzes(connection),
        submissions=submissions,
        decisions=decisions,
        milestones=milestones,
        learners={
            (row["user_id"], row["pathway_id"])
            for row in await connection.fetch("SELECT user_id, pathway_id FROM user_progress")
        },
    )


class Module:
    """One learner in one module, seen through the source rows."""

    def __init__(self, world: World, user: UUID, module_id: str) -> None:
        self.counted = world.counted.get(module_id, [])
        self.rows = world.decisions.get((user, module_id), [])
        status_of = {
            resource: world.completions[user, resource]["status"]
            for resource in self.counted
            if (user, resource) in world.completions
        }
        self.done = {resource for resource, status in status_of.items() if status in DONE}
        self.handed_in = {r for r, status in status_of.items() if status in HANDED_IN}
        self.uploads = [
            submission
            for resource in self.counted
            for submission in world.submissions.get((user, resource), [])
            if submission["deleted_at"] is None
        ]
        self.posts = [row for row in self.rows if row["kind"] == "handed_in"]
        self.appearances = [
            row
            for row in self.rows
            if row["kind"] == "automatic" and row["time_spent_minutes"] is not None
        ]
        undone = {row["undoes"] for row in self.rows if row["kind"] == "undone"}
        by_hand = [
            row for row in self.rows if row["kind"] == "decided" and row["sequence"] not in undone
        ]
        self.decision = by_hand[-1] if by_hand else None

    @property
    def stood(self) -> bool:
        """Whether the module was handed in by the last thing that was recorded about it."""
        states = [row for row in self.rows if row["kind"] in ("decided", "automatic")]
        return bool(states) and states[-1]["approval_status"] is not None

    def hand_ins(self) -> list[Record]:
        return [*self.posts, *self.uploads]

    def newest_rejection(self, after: int = 0) -> Record | None:
        """Among each file's newest standing submission: the rejected one decided last."""
        newest: dict[str, Record] = {}
        for submission in self.uploads:
            if submission["submission_status"] != "superseded":
                newest[submission["resource_id"]] = submission
        rejected = [
            submission
            for submission in newest.values()
            if submission["submission_status"] == "rejected" and submission["sequence"] > after
        ]
        return max(rejected, key=lambda row: row["decided_sequence"], default=None)

    def approved_by_figures(self) -> bool:
        if self.counted and self.done == set(self.counted):
            return True
        approvals = [row for row in self.rows if row["resource_ids"] is not None]
        if not approvals:
            return False
        still_counted = set(approvals[-1]["resource_ids"]) & set(self.counted)
        return still_counted <= self.done

    def state(self) -> ModuleState:
        status, by_hand, review = self._status()
        return ModuleState(
            percentage=self._percentage(status, by_hand=by_hand),
            status=status,
            by_hand=by_hand,
            handed_in_at=self._handed_in_at() if status else None,
            minutes=self._minutes() if status else 0,
            **review,
        )

    def _status(self) -> tuple[str | None, bool, dict[str, Any]]:
        decision = self.decision
        if decision is not None and decision["approval_status"] == "approved":
            return "approved", True, _reviewed(decision, "decided_by", "created_at")
        if decision is not None:
            place = decision["sequence"]
            if any(row["sequence"] > place for row in self.hand_ins()):
                rejection = self.newest_rejection(after=place)
                if rejection is not None:
                    return "rejected", False, _reviewed(rejection)
                return "pending", False, {}
            earlier = [*self.hand_ins(), *self.appearances]
            if any(row["sequence"] < place for row in earlier):
                return "rejected", True, _reviewed(decision, "decided_by", "created_at")
        if self.approved_by_figures():
            return "approved", False, {}
        rejection = self.newest_rejection()
        if rejection is not None and self.stood:
            return "rejected", False, _reviewed(rejection)
        if self.counted and self.handed_in == set(self.counted):
            return "pending", False, {}
        if not self.counted and self.posts:
            return "pending", False, {}
        return None, False, {}

    def _percentage(self, status: str | None, *, by_hand: bool) -> int:
        if by_hand and status == "approved":
            return 100
        if not self.counted:
            return 100 if status == "approved" else 0
        return 100 * len(self.done) // len(self.counted)

    def _handed_in_at(self) -> datetime | None:
        evidence = [*self.hand_ins(), *self.appearances]
        if not evidence and self.decision:
            evidence = [self.decision]
        moments: list[datetime] = [row["created_at"] for row in evidence]
        return max(moments, default=None)

    def _minutes(self) -> int:
        """Those that came with the newest post, or that were noted when the row appeared."""
        noted = [*self.posts, *self.appearances]
        newest = max(noted, key=lambda row: row["sequence"], default=None)
        return (newest["time_spent_minutes"] or 0) if newest else 0


def _reviewed(row: Record, who: str = "reviewed_by", when: str = "reviewed_at") -> dict[str, Any]:
    return {
        "reviewed_by": row[who],
        "reviewed_at": row[when],
        "comments": row["review_comments"],
    }


async def differences(connection: Connection) -> list[str]:
    """Every stored figure that is not what the source rows say, as sentences."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await differences_seen_here(connection)


async def differences_seen_here(connection: Connection) -> list[str]:
    """The same, as the transaction under way sees the rows."""
    world = await load_world(connection)
    stored_modules = {
        (row["user_id"], row["module_id"]): row
        for row in await connection.fetch("SELECT * FROM module_completions")
    }
    stored_percentages = {
        (row["user_id"], row["module_id"]): row
        for row in await connection.fetch("SELECT * FROM module_progress")
    }
    stored_pathways = await connection.fetch("SELECT * FROM user_progress")
    found: list[str] = []
    found += _wrong_places(world)
    found += _wrong_quizzes(world)
    touched = {
        *stored_modules,
        *stored_percentages,
        *world.decisions,
        *((user, row["module_id"]) for (user, _), row in world.completions.items()),
    }
    states = {key: Module(world, *key).state() for key in touched}
    for key, state in states.items():
        found += _wrong_module(
            world, key, state, stored_modules.get(key), stored_percentages.get(key)
        )
    for row in stored_pathways:
        found += _wrong_pathway(world, states, row)
    found += await _missing_achievements(connection, world, states)
    for user, row in ((user, row) for (user, _), row in world.completions.items()):
        if (user, row["pathway_id"]) not in world.learners:
            found.append(f"{user} has a completion but no row on {row['pathway_id']}")
    return found


def _wrong_places(world: World) -> Iterable[str]:
    for (user, resource), row in world.completions.items():
        if world.module_pathway[row["module_id"]] != row["pathway_id"]:
            yield f"completion of {resource} by {user} stands in the wrong pathway"
        submissions = world.submissions.get((user, resource), [])
        if len(submissions) != row["submission_count"]:
            counted = row["submission_count"]
            yield f"{resource} of {user}: {counted} counted, {len(submissions)} kept"


def _wrong_quizzes(world: World) -> Iterable[str]:
    for (user, resource), record in world.quizzes.records.items():
        completion = world.completions.get((user, resource))
        kept = json.loads(completion["metadata"]) if completion else record
        for name, value in record.items():
            if kept.get(name) != value:
                yield f"{resource} of {user}: {name} is {kept.get(name)} stored, {value} true"


async def _missing_achievements(
    connection: Connection, world: World, states: dict[ModuleKey, ModuleState]
) -> list[str]:
    """What is deserved now and was not awarded; what was deserved once is never taken back."""
    figures: dict[UUID, Counter[str]] = defaultdict(Counter)
    for (user, resource), row in world.completions.items():
        done = row["status"] in DONE
        figures[user]["resources_completed"] += done
        figures[user]["quizzes_passed"] += done and world.types[resource] == "quiz"
        figures[user]["submissions_passed"] += row["status"] == "reviewed"
        figures[user]["files_handed_in"] += len(world.submissions.get((user, resource), []))
    live = {module for modules in world.live_modules.values() for module in modules}
    for (user, module), state in states.items():
        figures[user]["modules_approved"] += state.status == "approved" and module in live
    for user, _ in world.milestones:
        figures[user]["pathways_completed"] += 1
    for (user, _), minutes in world.minutes.items():
        hours = figures[user]["hours_on_one_pathway"]
        figures[user]["hours_on_one_pathway"] = max(hours, minutes // 60)
    earned = {
        (row["user_id"], row["achievement_id"])
        for row in await connection.fetch("SELECT user_id, achievement_id FROM user_achievements")
    }
    return [
        f"{user} deserves {achievement['id']} and was not awarded it"
        for achievement in await connection.fetch("SELECT * FROM achievements")
        for user, reached in figures.items()
        if reached[achievement["requirement_type"]] >= achievement["requirement_value"]
        and (user, achievement["id"]) not in earned
    ]


def _wrong_module(
    world: World,
    key: ModuleKey,
    state: ModuleState,
    row: Record | None,
    percentage: Record | None,
) -> Iterable[str]:
    shown = percentage["progress_percentage"] if percentage else 0
    if shown != state.percentage:
        yield f"{key}: {shown} % stored, {state.percentage} % true"
    stored_status = row["approval_status"] if row else None
    if stored_status != state.status:
        yield f"{key}: {stored_status} stored, {state.status} true"
    if Module(world, *key).stood != (state.status is not None):
        yield f"{key}: the last recorded change does not say that it is {state.status}"
    if state.status == "approved" and key not in world.first_approvals:
        yield f"{key} is approved and nothing records the first time"
    if row is None or state.status is None:
        return
    expected = {
        "id": _row_id(*key),
        "time_spent_minutes": state.minutes,
        "pathway_id": world.module_pathway[key[1]],
        "decided_by_hand": state.by_hand,
        "reviewed_by": state.reviewed_by,
        "reviewed_at": state.reviewed_at,
        "review_comments": state.comments,
        "completed_at": state.handed_in_at,
    }
    for name, value in expected.items():
        if row[name] != value:
            yield f"{key}: {name} is {row[name]} stored, {value} true"


def _row_id(user: UUID, module: str) -> UUID:
    """A row that returns is the row that went."""
    digest = list(md5(f"module_completion:{user}:{module}".encode()).hexdigest())
    digest[12] = digest[16] = "8"
    return UUID("".join(digest))


def _wrong_pathway(
    world: World, states: dict[ModuleKey, ModuleState], row: Record
) -> Iterable[str]:
    user, pathway = row["user_id"], row["pathway_id"]
    unknown = ModuleState(percentage=0, status=None)
    modules = [
        states.get((user, module), unknown) for module in world.live_modules.get(pathway, [])
    ]
    approved = sum(module.status == "approved" for module in modules)
    percentage = sum(module.percentage for module in modules) // len(modules) if modules else 0
    if percentage == 100 and approved < len(modules):
        percentage = 99
    expected = {
        "progress_percentage": percentage,
        "completed_modules": approved,
        "total_time_spent_minutes": world.minutes[user, pathway],
        "completed_at": world.milestones.get((user, pathway)),
    }
    for name, value in expected.items():
        if row[name] != value:
            yield f"{user} on {pathway}: {name} is {row[name]} stored, {value} true"
    if row["last_accessed_at"] < world.last_accesses.get((user, pathway), row["last_accessed_at"]):
        yield f"{user} was on {pathway} after {row['last_accessed_at']}"
    if percentage == 100 and (user, pathway) not in world.milestones:
        yield f"{user} reached 100 % of {pathway} and nothing records it"
