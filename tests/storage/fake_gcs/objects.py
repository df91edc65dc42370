"""Making an object, under every condition its request names."""

from __future__ import annotations

from storage.fake_gcs.messages import Refusal
from storage.fake_gcs.world import Bucket, StoredObject, World


def create(
    world: World, bucket: Bucket, key: str, headers: dict[str, str], content: bytes
) -> StoredObject:
    require_absent(bucket, key, headers)
    _require_size(headers, len(content))
    made = StoredObject(
        content=content,
        generation=next(world.numbers),
        content_type=headers.get("content-type", "application/octet-stream"),
        content_disposition=headers.get("content-disposition", ""),
        content_encoding=headers.get("content-encoding", ""),
        metadata={
            name: value for name, value in headers.items() if name.startswith("x-goog-meta-")
        },
    )
    require_hash(made, headers)
    bucket.objects[key] = made
    return made


def require_absent(bucket: Bucket, key: str, headers: dict[str, str]) -> None:
    expected = headers.get("x-goog-if-generation-match")
    found = bucket.objects.get(key)
    if expected is not None and int(expected) != (found.generation if found else 0):
        raise Refusal(412, "PreconditionFailed")


def require_hash(made: StoredObject, headers: dict[str, str]) -> None:
    for part in filter(None, headers.get("x-goog-hash", "").split(",")):
        name, _, value = part.strip().partition("=")
        if value != {"crc32c": made.crc32c, "md5": made.md5}[name]:
            raise Refusal(400, "BadDigest")


def _require_size(headers: dict[str, str], size: int) -> None:
    bounds = headers.get("x-goog-content-length-range")
    if bounds is None:
        return
    lowest, highest = (int(bound) for bound in bounds.split(","))
    if size > highest:
        raise Refusal(400, "EntityTooLarge")
    if size < lowest:
        raise Refusal(400, "EntityTooSmall")
