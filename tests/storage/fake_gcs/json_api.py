"""The few operations of the JSON API in use: rights, CORS rules, listing."""

from __future__ import annotations

import json
from typing import Any

from storage.fake_gcs.access import authenticate
from storage.fake_gcs.messages import Refusal, Reply, Request, json_refusal, json_reply
from storage.fake_gcs.world import Account, Bucket, World


def answer(world: World, request: Request) -> Reply:
    name, _, rest = request.path.removeprefix("/storage/v1/b/").partition("/")
    bucket = world.buckets.get(name)
    try:
        account = authenticate(world, request)
    except Refusal:
        return json_refusal(401, "Invalid Credentials")
    if account is None:
        return json_refusal(401, "Anonymous caller")
    if bucket is None:
        return json_refusal(404, "The specified bucket does not exist.")
    if rest == "iam/testPermissions":
        wanted = [value for key, value in request.query_items if key == "permissions"]
        held = [permission for permission in wanted if permission in account.permissions]
        return json_reply({"kind": "storage#testIamPermissionsResponse", "permissions": held})
    return _bucket(world, request, account, bucket, rest)


def _bucket(world: World, request: Request, account: Account, bucket: Bucket, rest: str) -> Reply:
    permission = {
        ("GET", ""): "storage.buckets.get",
        ("PATCH", ""): "storage.buckets.update",
        ("GET", "o"): "storage.objects.list",
    }[request.method, rest]
    if permission not in account.permissions:
        return json_refusal(403, f"{account.email} does not have {permission} access.")
    if rest == "o":
        return json_reply(_page(world, bucket, request.query.get("pageToken", "")))
    if request.method == "PATCH":
        bucket.cors = json.loads(request.body)["cors"]
    return json_reply({"cors": bucket.cors})


def _page(world: World, bucket: Bucket, after: str) -> dict[str, Any]:
    keys = [key for key in sorted(bucket.objects) if key > after]
    page: dict[str, Any] = {
        "items": [
            {
                "name": key,
                "size": str(len(bucket.objects[key].content)),
                "crc32c": bucket.objects[key].crc32c,
            }
            for key in keys[: world.page_size]
        ]
    }
    if len(keys) > world.page_size:
        page["nextPageToken"] = keys[world.page_size - 1]
    return page
