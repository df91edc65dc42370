"""The tests' side door: set the world up, bring faults about, look inside."""

from __future__ import annotations

import json
from datetime import timedelta

from storage.fake_gcs.messages import Reply, Request, json_reply
from storage.fake_gcs.world import Account, Bucket, Fault, StoredObject, World


def answer(world: World, request: Request) -> Reply:
    given = json.loads(request.body or b"{}")
    action = request.path.removeprefix("/_control/")
    if action == "account":
        permissions = frozenset(given.pop("permissions"))
        world.accounts[given["email"]] = Account(**given, permissions=permissions)
    elif action == "platform":
        world.platform_account = given["email"]
    elif action == "bucket":
        name = given.pop("name")
        world.buckets[name] = Bucket(**given)
    elif action == "fault":
        world.faults.append(Fault(**given))
    elif action == "calm":
        world.faults.clear()
    elif action == "clock":
        world.clock_offset = timedelta(seconds=given["offset_seconds"])
    elif action == "requests":
        requests, world.requests = world.requests, []
        return json_reply(requests)
    elif action == "objects":
        return json_reply(
            {
                key: _described(found)
                for key, found in world.buckets[given["bucket"]].objects.items()
            }
        )
    elif action == "sessions":
        return json_reply(
            [name for name, session in world.sessions.items() if not session.finished]
        )
    else:
        return Reply(404)
    return json_reply({})


def _described(found: StoredObject) -> dict[str, object]:
    return {
        "size": len(found.content),
        "generation": found.generation,
        "crc32c": found.crc32c,
        "content_type": found.content_type,
        "content_disposition": found.content_disposition,
    }
