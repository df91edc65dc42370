"""A bucket's CORS rules, as browsers meet them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from storage.fake_gcs.messages import Reply, Request
from storage.fake_gcs.world import World


def preflight(world: World, request: Request) -> Reply:
    wanted = request.headers.get("access-control-request-method", "")
    names = request.headers.get("access-control-request-headers", "")
    rule = _rule(world, request, wanted)
    asked = {name.strip().lower() for name in names.split(",") if name.strip()}
    if rule is None or not asked <= {name.lower() for name in rule["responseHeader"]}:
        return Reply(200)
    return Reply(
        200,
        {
            "Access-Control-Allow-Origin": request.headers["origin"],
            "Access-Control-Allow-Methods": ",".join(rule["method"]),
            "Access-Control-Allow-Headers": ",".join(rule["responseHeader"]),
            "Access-Control-Max-Age": str(rule.get("maxAgeSeconds", 3600)),
        },
    )


def allowed(world: World, request: Request, reply: Reply) -> Reply:
    rule = _rule(world, request, request.method)
    if rule is None:
        return reply
    permission = {
        "Access-Control-Allow-Origin": request.headers["origin"],
        "Access-Control-Expose-Headers": ",".join(rule["responseHeader"]),
    }
    return replace(reply, headers={**reply.headers, **permission})


def _rule(world: World, request: Request, method: str) -> dict[str, Any] | None:
    bucket = world.buckets.get(request.path.split("/")[1])
    origin = request.headers.get("origin")
    if bucket is None or origin is None:
        return None
    for rule in bucket.cors:
        if method in rule["method"] and (origin in rule["origin"] or "*" in rule["origin"]):
            return rule
    return None
