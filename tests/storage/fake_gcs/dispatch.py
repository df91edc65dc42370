"""Which part of the fake answers a request."""

from __future__ import annotations

from storage.fake_gcs import control, cors, identity, json_api, xml_api
from storage.fake_gcs.messages import Refusal, Reply, Request
from storage.fake_gcs.world import World


def answer(world: World, request: Request) -> Reply:
    path = request.path
    if path.startswith("/_control/"):
        return control.answer(world, request)
    if path == "/" or path.startswith(("/computeMetadata/", "/v1/projects/", "/token")):
        return identity.answer(world, request)
    if path.startswith("/storage/v1/"):
        return json_api.answer(world, request)
    if request.method == "OPTIONS":
        return cors.preflight(world, request)
    try:
        reply = xml_api.answer(world, request)
    except Refusal as refusal:
        reply = refusal.reply
    return cors.allowed(world, request, reply)
