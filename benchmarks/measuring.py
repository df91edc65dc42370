"""Measures hot paths side by side: everybody in turn, round after round."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks import pgbench, wrk
from benchmarks.hot_paths import HotPath
from benchmarks.http_requests import HttpRequest
from benchmarks.postgres import Postgres
from benchmarks.probe import Prober, WrongAnswer
from benchmarks.processes import Service
from benchmarks.scales import WAITING_EVERY
from benchmarks.statement_log import Statement, statements_of
from benchmarks.usage import Spent, spending
from benchmarks.world import World

DATABASE = "measured"
FEWEST = 1  # answers on each connection
LONGEST_SECONDS = 30.0
Advance = Callable[[str], None]


@dataclass(frozen=True)
class Pace:
    """How long and how often."""

    rounds: int = 3
    seconds: float = 2.0
    connections: int = 32
    evening_minutes: float = 10.0


@dataclass(frozen=True)
class Sample:
    """One measurement of one subject. Milliseconds of CPU are per request."""

    per_second: float
    p50_ms: float
    p99_ms: float
    service_cpu_ms: float
    database_cpu_ms: float
    bad: int = 0


@dataclass
class Trace:
    """What one request is: its answer, and the statements behind it."""

    answer_bytes: int
    statements: list[Statement]
    reference_statements: int | None = None


@dataclass
class PathResult:
    """All there is about one path; `samples` by the name of the subject."""

    name: str
    title: str
    trace: Trace
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "answer_bytes": self.trace.answer_bytes,
            "statements": len(self.trace.statements),
            "reference_statements": self.trace.reference_statements,
            "subjects": {
                name: {"median": asdict(median(samples)), "rounds": [asdict(s) for s in samples]}
                for name, samples in self.samples.items()
            },
        }


@dataclass(frozen=True)
class Stage:
    """Everything that is running. `reference` and `static` are absent where they do not matter."""

    postgres: Postgres
    world: World
    product: Service
    database: str = DATABASE
    reference: Service | None = None
    static: Service | None = None


def median(samples: Iterable[Sample]) -> Sample:
    """Each figure's median; what went wrong is added up."""
    rows = [asdict(sample) for sample in samples]
    figures = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    return Sample(**{**figures, "bad": sum(row["bad"] for row in rows)})


def ready_requests(path: HotPath, world: World, service: Service) -> list[HttpRequest]:
    """The path's requests, completed by what the service answers."""
    requests = list(path.requests(world))
    if path.complete is None:
        return requests
    prober = Prober(service.url)
    try:
        return path.complete(prober, requests)
    finally:
        prober.close()


def trace(stage: Stage, path: HotPath) -> Trace | None:
    """What a request of the path is; None where the product does not do such a thing.

    Services must have been started within `logged_statements`.
    """
    restore(stage, path)
    requests = ready_requests(path, stage.world, stage.product)
    if not requests:
        return None
    size, statements = _traced(stage, stage.product, path, requests)
    reference = None
    if stage.reference is not None and path.in_reference:
        restore(stage, path)
        reference = len(_traced(stage, stage.reference, path, requests)[1])
    return Trace(size, statements, reference)


def _traced(
    stage: Stage, service: Service, path: HotPath, requests: list[HttpRequest]
) -> tuple[int, list[Statement]]:
    prober = Prober(service.url)
    for _ in range(4):  # both workers make their first connections and load the catalog
        prober.expect(requests[-1], path.status)
        prober.close()
    restore(stage, path)
    # The first request is the one whose parameters the variation knows.
    size = len(prober.expect(requests[0], path.status).body)
    statements = statements_of(
        stage.postgres.log,
        act=lambda: prober.expect(requests[0], path.status),
        prepare=lambda: restore(stage, path),
    )
    prober.close()
    return size, statements


def restore(stage: Stage, path: HotPath) -> None:
    """Put back what an earlier measurement of the path used up."""
    if path.restore:
        statement = path.restore.format(learners=stage.world.scale.learners, every=WAITING_EVERY)
        stage.postgres.run(statement, stage.database)


def compare(
    stages: dict[str, Stage], path: HotPath, pace: Pace, advance: Advance
) -> dict[str, list[Sample]]:
    """The product alone over several databases, in turn; by the stage's name.

    Nothing where one of them does not do such a thing.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in stages}
    ready = {
        name: ready_requests(path, stage.world, stage.product) for name, stage in stages.items()
    }
    if not all(ready.values()):
        return {}
    for is_counted in counted_turns(pace):
        for name, stage in stages.items():
            advance(f"{path.title}: {name}")
            with wrk.request_file(ready[name]) as file:
                sample = ask_service(stage, stage.product, file, pace)
            if is_counted:
                samples[name].append(sample)
    return samples


def counted_turns(pace: Pace) -> Iterator[bool]:
    """Whether each turn counts: everybody's first, in which caches fill, does not."""
    yield False
    yield from [True] * pace.rounds


def measure(stage: Stage, path: HotPath, found: Trace, pace: Pace, advance: Advance) -> PathResult:
    """Everybody in turn, `pace.rounds` times."""
    result = PathResult(path.name, path.title, found)
    requests = ready_requests(path, stage.world, stage.product)
    with wrk.request_file(requests) as file:
        subjects = _subjects(stage, path, found, file, requests[0].learner, pace)
        for is_counted in counted_turns(pace):
            for name, run in subjects.items():
                restore(stage, path)
                advance(f"{path.title}: {name}")
                sample = run()
                if is_counted:
                    result.samples.setdefault(name, []).append(sample)
    return result


def _subjects(
    stage: Stage, path: HotPath, found: Trace, file: Path, learner: int, pace: Pace
) -> dict[str, Callable[[], Sample]]:
    subjects = {"product": lambda: ask_service(stage, stage.product, file, pace)}
    if stage.reference is not None and path.in_reference:
        reference = stage.reference
        subjects["reference"] = lambda: ask_service(stage, reference, file, pace)
    if stage.static is not None:
        static, size = stage.static, found.answer_bytes
        subjects["static"] = lambda: _ask_static(stage, static, size, pace)
        script = pgbench.script(found.statements, learner, path.variation)
        subjects["pgbench"] = lambda: _run_pgbench(stage, script, pace)
    return subjects


def ask_service(stage: Stage, service: Service, file: Path, pace: Pace) -> Sample:
    """One measurement, longer where answers are few. Raises WrongAnswer where many are wrong."""
    load = wrk.Load(pace.connections, pace.seconds)
    outcome, spent = ask_enough(stage, service, file, load, FEWEST * pace.connections)
    bad = outcome.refused + outcome.broken
    if not outcome.requests or bad * 2 > outcome.requests:
        raise WrongAnswer(f"{service.name}: {bad} of {outcome.requests} requests failed.")
    per_request = 1000 / outcome.requests
    return Sample(
        per_second=outcome.per_second,
        p50_ms=outcome.p50_ms,
        p99_ms=outcome.p99_ms,
        service_cpu_ms=spent.service * per_request,
        database_cpu_ms=spent.database * per_request,
        bad=bad,
    )


def ask_enough(
    stage: Stage, service: Service, file: Path, load: wrk.Load, fewest: int
) -> tuple[wrk.Outcome, Spent]:
    """Ask, again and for longer where fewer answers come than that."""
    while True:
        with spending(service.process, stage.postgres.process) as spent:
            outcome = wrk.ask(service.url, file, load)
        if outcome.requests >= fewest or load.seconds >= LONGEST_SECONDS:
            return outcome, spent
        load = replace(load, seconds=min(2 * load.seconds, LONGEST_SECONDS))


def _ask_static(stage: Stage, static: Service, size: int, pace: Pace) -> Sample:
    with wrk.request_file([HttpRequest("GET", f"/static/{size}", "")]) as file:
        return ask_service(stage, static, file, pace)


def _run_pgbench(stage: Stage, script: str, pace: Pace) -> Sample:
    with spending(None, stage.postgres.process) as spent:
        rate = pgbench.run(
            stage.postgres.url(stage.database),
            script,
            seconds=pace.seconds,
            world=stage.world,
        )
    transactions = rate.per_second * pace.seconds
    return Sample(
        per_second=rate.per_second,
        p50_ms=rate.latency_ms,
        p99_ms=rate.latency_ms,
        service_cpu_ms=0.0,
        database_cpu_ms=spent.database * 1000 / transactions,
    )
