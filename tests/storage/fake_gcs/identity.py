"""Where credentials come from: the metadata server, the token endpoint, signBlob."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from storage.fake_gcs.access import authenticate, public_key
from storage.fake_gcs.messages import Refusal, Reply, Request, json_refusal, json_reply
from storage.fake_gcs.world import Account, World

_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/"
# Clients name Google's own endpoint here, wherever they send the assertion.
AUDIENCE = "https://oauth2.googleapis.com/token"
_FLAVOR = {"Metadata-Flavor": "Google"}


def answer(world: World, request: Request) -> Reply:
    if request.path == "/token":
        return _exchange_assertion(world, request)
    if request.path.endswith(":signBlob"):
        return _sign_blob(world, request)
    return _metadata(world, request)


def _metadata(world: World, request: Request) -> Reply:
    if request.headers.get("metadata-flavor") != "Google":
        return Reply(403)
    if request.path == "/":
        return Reply(200, {**_FLAVOR, "Content-Type": "text/html"})
    account = world.accounts.get(world.platform_account)
    if account is None or not request.path.startswith(_ACCOUNT):
        return Reply(404, _FLAVOR)
    if request.path.endswith("/token"):
        content: object = world.issue_token(account.email)
    else:
        content = {"aliases": ["default"], "email": account.email, "scopes": ["cloud-platform"]}
    return Reply(200, {**_FLAVOR, "Content-Type": "application/json"}, json.dumps(content).encode())


def _exchange_assertion(world: World, request: Request) -> Reply:
    form = parse_qs(request.body.decode())
    if form.get("grant_type") != ["urn:ietf:params:oauth:grant-type:jwt-bearer"]:
        return json_reply({"error": "unsupported_grant_type"}, 400)
    assertion = form["assertion"][0]
    try:
        email = jwt.decode(assertion, options={"verify_signature": False})["iss"]
        key = public_key(world.accounts[email])
        jwt.decode(assertion, key, algorithms=["RS256"], audience=AUDIENCE)
    except (jwt.InvalidTokenError, KeyError):
        return json_reply({"error": "invalid_grant"}, 400)
    return json_reply(world.issue_token(email))


def _sign_blob(world: World, request: Request) -> Reply:
    email = request.path.rpartition("/")[2].removesuffix(":signBlob")
    try:
        caller = authenticate(world, request)
    except Refusal:
        return json_refusal(401, "invalid token")
    if caller is None or caller.email != email or not caller.can_sign:
        return json_refusal(403, "Permission 'iam.serviceAccounts.signBlob' denied")
    payload = base64.b64decode(json.loads(request.body)["payload"])
    return json_reply({"keyId": "1", "signedBlob": _signature(caller, payload)})


def _signature(account: Account, payload: bytes) -> str:
    key = load_pem_private_key(account.private_key.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return base64.b64encode(key.sign(payload, PKCS1v15(), SHA256())).decode()
