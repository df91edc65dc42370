"""Objects over the XML API: whole and resumable uploads, reading, deleting, listing."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from storage.fake_gcs import resumable
from storage.fake_gcs.access import authorise
from storage.fake_gcs.messages import Refusal, Reply, Request
from storage.fake_gcs.objects import create, require_absent
from storage.fake_gcs.world import Bucket, StoredObject, World

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def answer(world: World, request: Request) -> Reply:
    if "upload_id" in request.query:
        return resumable.continue_upload(world, request)
    name, _, key = request.path[1:].partition("/")
    bucket = world.buckets.get(name)
    if bucket is None:
        raise Refusal(404, "NoSuchBucket")
    if not key:
        return _list(world, request, bucket)
    if request.method in ("GET", "HEAD"):
        return _read(world, request, bucket, key)
    if request.method == "DELETE":
        authorise(world, request, "storage.objects.delete")
        if bucket.objects.pop(key, None) is None:
            raise Refusal(404, "NoSuchKey")
        return Reply(204)
    account = authorise(world, request, "storage.objects.create")
    assert account is not None
    if key in bucket.objects and "x-goog-if-generation-match" not in request.headers:
        authorise(world, request, "storage.objects.delete")
    if request.method == "POST":
        require_absent(bucket, key, request.headers)
        return resumable.start(world, request, name, key)
    if not request.is_whole:
        return Reply(400)
    created = create(world, bucket, key, request.headers, request.body)
    return Reply(200, describe(created))


def describe(found: StoredObject) -> dict[str, str]:
    return {
        "ETag": f'"{found.md5}"',
        "x-goog-generation": str(found.generation),
        "x-goog-metageneration": "1",
        "x-goog-stored-content-length": str(len(found.content)),
        "x-goog-stored-content-encoding": found.content_encoding or "identity",
        "x-goog-hash": f"crc32c={found.crc32c},md5={found.md5}",
        **found.metadata,
    }


def _read(world: World, request: Request, bucket: Bucket, key: str) -> Reply:
    account = authorise(world, request, "storage.objects.get")
    found = bucket.objects.get(key)
    generation = request.query.get("generation")
    if found is None or generation not in (None, str(found.generation)):
        # Who may not list is not told what is missing.
        may_list = account is None or "storage.objects.list" in account.permissions
        raise Refusal(404, "NoSuchKey") if may_list else Refusal(403, "AccessDenied")
    query = request.query
    headers = {
        **describe(found),
        "Content-Type": query.get("response-content-type", found.content_type),
        "Content-Disposition": query.get("response-content-disposition", found.content_disposition),
    }
    if found.content_encoding:
        headers["Content-Encoding"] = found.content_encoding
    headers = {name: value for name, value in headers.items() if value}
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None:
        return Reply(200, {**headers, "Content-Length": str(len(found.content))}, found.content)
    start, size = int(wanted[1]), len(found.content)
    end = min(int(wanted[2]) + 1 if wanted[2] else size, size)
    if start >= size:
        raise Refusal(416, "InvalidRange")
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Reply(206, headers, found.content[start:end])


def _list(world: World, request: Request, bucket: Bucket) -> Reply:
    authorise(world, request, "storage.objects.list")
    keys = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in bucket.objects)
    body = f"<ListBucketResult>{keys}</ListBucketResult>".encode()
    return Reply(200, {"Content-Type": "application/xml"}, body)
