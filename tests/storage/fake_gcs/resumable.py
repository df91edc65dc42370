"""Resumable uploads: a session, parts with their place, and where one is asked how far it is."""

from __future__ import annotations

import re
from urllib.parse import quote

from storage.fake_gcs.messages import Refusal, Reply, Request
from storage.fake_gcs.objects import create
from storage.fake_gcs.world import Session, World

UNIT = 256 * 1024
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


def start(world: World, request: Request, bucket: str, key: str) -> Reply:
    if request.headers.get("x-goog-resumable") != "start":
        raise Refusal(400, "InvalidArgument")
    name = f"session-{next(world.numbers)}"
    world.sessions[name] = Session(bucket, key, request.headers)
    return Reply(201, {"Location": f"{world.address}/{bucket}/{quote(key)}?upload_id={name}"})


def continue_upload(world: World, request: Request) -> Reply:
    session = world.sessions.get(request.query["upload_id"])
    if session is None:
        raise Refusal(404, "NoSuchUpload")
    if request.method == "DELETE":
        del world.sessions[request.query["upload_id"]]
        return Reply(499)
    place = _CONTENT_RANGE.fullmatch(request.headers.get("content-range", ""))
    if place is None:
        raise Refusal(400, "InvalidArgument")
    if session.finished:
        return Reply(200)
    if place[1] is not None:
        _take(session, int(place[1]), request, is_last=place[3] != "*")
    if place[3] != "*" and request.is_whole and len(session.received) == int(place[3]):
        return _finish(world, session, request)
    return Reply(308, {"Range": f"bytes=0-{len(session.received) - 1}"} if session.received else {})


def _take(session: Session, offset: int, request: Request, *, is_last: bool) -> None:
    if offset != len(session.received):
        raise Refusal(503, "ServiceUnavailable")
    body = request.body
    if not request.is_whole:
        body = body[: len(body) // UNIT * UNIT]
    elif not is_last and len(body) % UNIT:
        raise Refusal(400, "InvalidArgument")
    session.received += body


def _finish(world: World, session: Session, request: Request) -> Reply:
    bucket = world.buckets[session.bucket]
    headers = {**session.headers, "x-goog-hash": request.headers.get("x-goog-hash", "")}
    create(world, bucket, session.key, headers, bytes(session.received))
    session.finished = True
    session.received.clear()
    return Reply(200)
