"""Signing in: how near to argon2 alone, and what everybody else notices of it."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any
from urllib.parse import urlencode

from aibc.accounts.passwords import Passwords
from benchmarks import wrk
from benchmarks.bench import Bench
from benchmarks.http_requests import HttpRequest
from benchmarks.identities import learner_email
from benchmarks.machine import machine
from benchmarks.measuring import ask_enough
from benchmarks.seeding import PASSWORD
from benchmarks.watching import Watcher

AT_ONCE = 100


def run(bench: Bench) -> dict[str, Any]:
    bench.furnish()
    seconds = 2 * bench.pace.seconds
    bench.say("Signing in: argon2 alone")
    alone = _argon2_alone(seconds)
    with bench.stage() as stage:
        bench.say(f"Signing in: {AT_ONCE} at once")
        requests = [sign_in_request(learner) for learner in stage.world.learners()]
        with (
            wrk.request_file(requests) as file,
            Watcher(stage.product.url, HttpRequest("GET", "/health", "")) as health,
        ):
            load = wrk.Load(AT_ONCE, seconds, patience_seconds=60)
            outcome, spent = ask_enough(stage, stage.product, file, load, fewest=1)
    return {
        "at_once": AT_ONCE,
        "per_second": outcome.per_second,
        "bad": outcome.refused + outcome.broken,
        "p50_ms": outcome.p50_ms,
        "p99_ms": outcome.p99_ms,
        "service_cpu_ms": 1000 * spent.service / outcome.requests,
        "database_cpu_ms": 1000 * spent.database / outcome.requests,
        "argon2_alone_per_second": alone,
        "health": health.document(),
    }


def sign_in_request(learner: int) -> HttpRequest:
    """A sign-in with the password that everybody seeded has."""
    form = urlencode({"username": learner_email(learner), "password": PASSWORD})
    return HttpRequest(
        "POST",
        "/api/v1/auth/login",
        "",
        form.encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )


def _argon2_alone(seconds: float) -> float:
    """Verifications a second with every core at it and nothing else to do."""
    cores: int = machine()["cores"]
    with ProcessPoolExecutor(cores) as pool:
        return sum(pool.map(_verifications_per_second, [seconds] * cores))


def _verifications_per_second(seconds: float) -> float:
    passwords = Passwords()
    password_hash = passwords.hash_now(PASSWORD)
    begin, done = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        passwords.verify_now(PASSWORD, password_hash)
        done += 1
    return done / (time.perf_counter() - begin)
