"""What an operator is told of a bucket: at the start, and by `aibc storage`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aibc.doctor.storage import examine_storage
from aibc.settings import SettingsError, StorageSettings, load_settings
from aibc.storage.bucket import BucketStore, open_bucket
from aibc.storage.google.checks import PROBE_KEY, inspect_bucket
from aibc.storage.google.cors import merged, read_rules, rule_for, write_rules
from fixtures.server import LiveServer
from storage.fake_gcs.client import BUCKET, CREATOR, EMAIL, EVERYTHING, VIEWER, FakeGoogle

PAGES = "https://learn.example"
OWN_PAGES = "https://aibc.learn.example"
ROLES = {"roles/storage.objectCreator": VIEWER, "roles/storage.objectViewer": CREATOR}


@pytest.fixture
def environment(google: FakeGoogle, tmp_path: Path) -> dict[str, str]:
    """Settings of a service on that bucket, signed in as the platform's account."""
    google.control("platform", email=EMAIL)
    return {
        "GCS_BUCKET_NAME": BUCKET,
        "GCS_ENDPOINT": google.url,
        "GCS_SIGNING_ENDPOINT": google.url,
        "GCE_METADATA_HOST": google.host,
        "GCE_METADATA_IP": google.host,
        "CLOUDSDK_CONFIG": str(tmp_path),
        "CORS_ORIGINS": PAGES,
        "PUBLIC_URL": OWN_PAGES,
    }


async def test_a_bucket_that_is_set_up_passes(
    bucket_store: BucketStore, google: FakeGoogle
) -> None:
    await write_rules(bucket_store.client, [rule_for([PAGES])])
    google.grant(*CREATOR, *VIEWER)
    await bucket_store.verify()
    for _ in range(2):  # the object of the first check stands in the second
        findings = await inspect_bucket(bucket_store.client, (PAGES,))
        assert [finding for finding in findings if not finding.is_good] == []
    assert list(google.objects()) == [PROBE_KEY]


@pytest.mark.parametrize("role", ROLES)
async def test_a_missing_role_is_named_with_the_command_that_grants_it(
    bucket_store: BucketStore, google: FakeGoogle, role: str
) -> None:
    google.grant(*ROLES[role])
    command = (
        f"gcloud storage buckets add-iam-policy-binding gs://{BUCKET} "
        f"--member=serviceAccount:{EMAIL} --role={role}"
    )
    with pytest.raises(SettingsError) as refused:
        await bucket_store.verify()
    assert command in str(refused.value)
    remedies = [f.remedy for f in await inspect_bucket(bucket_store.client, ()) if not f.is_good]
    assert f"Run: {command}" in remedies


async def test_a_missing_bucket_is_named(
    bucket_settings: StorageSettings, google: FakeGoogle
) -> None:
    store = open_bucket(replace(bucket_settings, bucket="nowhere"))
    with pytest.raises(SettingsError, match="no bucket gs://nowhere"):
        await store.verify()
    await store.close()


async def test_a_bucket_that_does_not_answer_does_not_stop_the_start(
    bucket_store: BucketStore, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aibc.storage.google.checks.VERIFY_SECONDS", 0.5)
    google.fault("status", "GET", "/storage/v1/", times=1000)
    await bucket_store.verify()


@pytest.mark.parametrize(
    "rule",
    [
        None,
        {**rule_for([PAGES]), "origin": ["https://other.example"]},
        {**rule_for([PAGES]), "method": ["GET"]},
        {**rule_for([PAGES]), "responseHeader": ["Content-Type"]},
    ],
)
async def test_rules_that_keep_the_pages_out_are_found_by_a_real_preflight(
    bucket_store: BucketStore, rule: dict[str, object] | None
) -> None:
    await write_rules(bucket_store.client, [rule] if rule else [])
    findings = await inspect_bucket(bucket_store.client, (PAGES,))
    (bad,) = [finding for finding in findings if not finding.is_good]
    assert f"Pages of {PAGES} may not upload" in bad.detail
    assert bad.remedy == "Run: aibc storage setup"


async def test_a_public_bucket_is_bad(bucket_store: BucketStore, google: FakeGoogle) -> None:
    google.control("bucket", name=BUCKET, is_public=True)
    findings = await inspect_bucket(bucket_store.client, ())
    (bad,) = [finding for finding in findings if not finding.is_good]
    assert "Anybody can read" in bad.detail
    assert "--public-access-prevention" in bad.remedy


async def test_rules_for_others_stay_when_ours_are_set(bucket_store: BucketStore) -> None:
    foreign = {"origin": ["https://other.example"], "method": ["GET"], "responseHeader": []}
    stale = {"origin": [PAGES], "method": ["GET"], "responseHeader": []}
    await write_rules(bucket_store.client, merged([foreign, stale], [PAGES]))
    assert await read_rules(bucket_store.client) == [foreign, rule_for([PAGES])]


def test_the_page_shows_the_rule_that_setup_writes() -> None:
    page = Path(__file__).parents[2] / "docs" / "storage.md"
    block = page.read_text(encoding="utf-8").partition("```json\n")[2].partition("```")[0]
    assert json.loads(block) == [rule_for(["https://learn.example"])]


def test_the_commands_set_a_bucket_up_and_check_it(
    make_server: Callable[..., LiveServer], environment: dict[str, str], google: FakeGoogle
) -> None:
    service = make_server(**environment)
    before = service.run("storage", "check")
    assert before.returncode == 1
    assert "Run: aibc storage setup" in before.stdout
    dry = service.run("storage", "setup", "--dry-run")
    assert json.loads(dry.stdout) == [rule_for([PAGES, OWN_PAGES])]
    assert service.run("storage", "check").returncode == 1
    done = service.run("storage", "setup").stdout
    assert done == f"Pages of {PAGES}, {OWN_PAGES} may upload now.\n"
    google.grant(*CREATOR, *VIEWER)
    after = service.run("storage", "check")
    assert after.returncode == 0, after.stdout + after.stderr
    refused = service.run("storage", "setup")
    assert refused.returncode == 1
    assert "docs/storage.md" in refused.stderr


def test_a_start_without_rights_ends_with_one_sentence(
    make_server: Callable[..., LiveServer], environment: dict[str, str], google: FakeGoogle
) -> None:
    google.grant(*EVERYTHING, can_sign=False)
    ended = make_server(**environment).run("serve")
    assert ended.returncode == 1
    assert "roles/iam.serviceAccountTokenCreator" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_a_bucket_the_disk_is_checked(make_server: Callable[..., LiveServer]) -> None:
    service = make_server()
    checked = service.run("storage", "check")
    assert checked.returncode == 0, checked.stderr
    assert "there is room" in checked.stdout
    refused = service.run("storage", "setup")
    assert refused.returncode == 1
    assert "GCS_BUCKET_NAME is not set" in refused.stderr


@pytest.mark.parametrize("role", ROLES)
async def test_the_doctor_names_the_missing_role_with_its_command(
    bucket_settings: StorageSettings, google: FakeGoogle, role: str
) -> None:
    settings = replace(load_settings({}), storage=bucket_settings)
    google.grant(*ROLES[role])
    found = await examine_storage(settings)
    command = f"--member=serviceAccount:{EMAIL} --role={role}"
    assert any(command in finding.sentence for finding in found), found
    assert {finding.code for finding in found} >= {"storage_rights"}


async def test_the_doctor_has_nothing_to_say_of_a_bucket_that_is_set_up(
    bucket_settings: StorageSettings, bucket_store: BucketStore
) -> None:
    loaded = load_settings({"CORS_ORIGINS": PAGES, "PUBLIC_URL": OWN_PAGES})
    await write_rules(bucket_store.client, [rule_for([PAGES, OWN_PAGES])])
    assert await examine_storage(replace(loaded, storage=bucket_settings)) == []
