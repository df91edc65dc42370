"""The catalog's pages: what is live, download, and an import that does what its dry run said."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml

from fixtures.browsers import Visit, form_token, send_form
from fixtures.catalog import Connection, MakeUser

PAGE = "/admin/catalog"
PATHWAY: dict[str, Any] = {
    "id": "first-steps",
    "title": "First <b>steps</b>",
    "short_title": "Steps",
    "instructor": "Grace Teacher",
    "color": "from-sky-500 to-blue-600",
    "accent": "#1b78bb",
    "order_index": 1,
    "modules": [
        {
            "id": "one",
            "title": "One",
            "duration_minutes": 10,
            "resources": [
                {"id": "read", "type": "article", "title": "Read", "duration_minutes": 5},
                {"id": "look", "type": "article", "title": "Look", "duration_minutes": 5},
            ],
        }
    ],
}


def text_of(pathway: dict[str, Any]) -> bytes:
    return yaml.safe_dump(pathway, sort_keys=False).encode()


def without_look() -> dict[str, Any]:
    module = PATHWAY["modules"][0]
    return {**PATHWAY, "modules": [{**module, "resources": module["resources"][:1]}]}


@pytest.fixture
async def admin(visit: Visit, make_user: MakeUser) -> httpx.AsyncClient:
    return await visit(await make_user(role="admin", full_name="Ada Admin"))


async def upload(
    browser: httpx.AsyncClient, *files: tuple[str, bytes], **fields: str
) -> httpx.Response:
    token = form_token(await browser.get(PAGE))
    sent: Sequence[Any] = [("files", file) for file in files] or [("files", ("", b""))]
    return await browser.post(
        f"{PAGE}/drafts",
        data={"form_token": token, **fields},
        files=sent,
        headers={"Origin": "http://localhost"},
    )


async def imported(browser: httpx.AsyncClient, pathway: dict[str, Any]) -> None:
    draft = (await upload(browser, ("a.yaml", text_of(pathway)))).headers["location"]
    response = await send_form(browser, draft, f"{draft}/import")
    assert response.headers["location"] == f"{PAGE}?notice=catalog-imported"


async def test_an_upload_shows_what_would_change_and_is_imported_when_confirmed(
    admin: httpx.AsyncClient, connection: Connection
) -> None:
    response = await upload(admin, ("steps.yaml", text_of(PATHWAY)))
    draft = response.headers["location"]
    page = await admin.get(draft)
    assert "first-steps" in page.text
    assert "steps.yaml" in page.text
    assert await connection.fetchval("SELECT count(*) FROM pathways") == 0
    response = await send_form(admin, draft, f"{draft}/import")
    assert response.headers["location"] == f"{PAGE}?notice=catalog-imported"
    shown = await admin.get(response.headers["location"])
    assert "The catalog is imported." in shown.text
    assert "First &lt;b&gt;steps&lt;/b&gt;" in shown.text
    inside = await admin.get(f"{PAGE}/pathways/first-steps")
    assert "<code>look</code>" in inside.text
    entry = await connection.fetchrow(
        "SELECT actor_id, action, new_value, request_id FROM audit_log"
    )
    assert entry is not None
    author = await connection.fetchval("SELECT id FROM users WHERE full_name = 'Ada Admin'")
    assert entry["actor_id"] == author
    assert entry["action"] == "catalog.import"
    assert entry["request_id"]
    assert '"resources": {"added": 2}' in entry["new_value"]


async def test_the_import_moves_exactly_the_figures_that_the_dry_run_named(
    admin: httpx.AsyncClient, connection: Connection, make_user: MakeUser
) -> None:
    await imported(admin, PATHWAY)
    learners: list[UUID] = [await make_user() for _ in range(3)]
    for learner in learners:
        await connection.execute("SELECT learner_complete($1, 'read', false)", learner)
    await connection.execute("SELECT learner_complete($1, 'look', false)", learners[0])
    draft = (await upload(admin, ("a.yaml", text_of(without_look())))).headers["location"]
    page = await admin.get(draft)
    assert "50 % → 100 %: 2 learners" in page.text
    assert re.search(r"<strong>2</strong><span>of 3 learners", page.text)
    before = await percentages(connection)
    assert sorted(before.values()) == [50, 50, 100]
    await send_form(admin, draft, f"{draft}/import")
    after = await percentages(connection)
    moved = [(before[one], after[one]) for one in before if before[one] != after[one]]
    assert moved == [(50, 100), (50, 100)]


async def percentages(connection: Connection) -> dict[UUID, int]:
    rows = await connection.fetch("SELECT user_id, progress_percentage FROM user_progress")
    return {row["user_id"]: row["progress_percentage"] for row in rows}


async def test_a_catalog_that_has_moved_on_is_looked_at_again_before_it_is_changed(
    admin: httpx.AsyncClient, connection: Connection
) -> None:
    await imported(admin, PATHWAY)
    draft = (await upload(admin, ("a.yaml", text_of(without_look())))).headers["location"]
    await connection.execute("UPDATE modules SET title = 'Renamed' WHERE id = 'one'")
    assert "has changed since this dry run" in (await admin.get(draft)).text
    response = await send_form(admin, draft, f"{draft}/import")
    again, _, notice = response.headers["location"].partition("?")
    assert again != draft
    assert notice == "notice=catalog-moved"
    removed = "SELECT count(*) FROM resources WHERE removed_at IS NOT NULL"
    assert await connection.fetchval(removed) == 0
    await send_form(admin, again, f"{again}/import")
    assert await connection.fetchval(removed) == 1


async def test_a_draft_is_imported_once_and_can_be_thrown_away(admin: httpx.AsyncClient) -> None:
    draft = (await upload(admin, ("a.yaml", text_of(PATHWAY)))).headers["location"]
    await send_form(admin, draft, f"{draft}/import")
    assert (await admin.get(draft)).status_code == 404
    assert (await send_form(admin, PAGE, f"{draft}/import")).status_code == 404
    other = (await upload(admin, ("a.yaml", text_of(without_look())))).headers["location"]
    response = await send_form(admin, other, f"{other}/drop")
    assert response.headers["location"] == f"{PAGE}?notice=draft-dropped"
    assert (await admin.get(other)).status_code == 404


async def test_a_draft_is_gone_after_a_day(
    admin: httpx.AsyncClient, connection: Connection
) -> None:
    draft = (await upload(admin, ("a.yaml", text_of(PATHWAY)))).headers["location"]
    await connection.execute(
        "UPDATE catalog_drafts SET created_at = created_at - interval '25 hours'"
    )
    assert (await admin.get(draft)).status_code == 404
    assert (await send_form(admin, PAGE, f"{draft}/import")).status_code == 404
    await upload(admin, ("a.yaml", text_of(PATHWAY)))
    assert await connection.fetchval("SELECT count(*) FROM catalog_drafts") == 1


async def test_mistakes_are_named_with_file_and_line_and_nothing_is_kept(
    admin: httpx.AsyncClient, connection: Connection
) -> None:
    wrong = text_of(PATHWAY).replace(b"type: article", b"type: song", 1)
    response = await upload(
        admin, ("<b>bad.yaml", wrong), ("twice.yaml", text_of(PATHWAY)), ("no.yaml", b"\xff")
    )
    assert response.status_code == 422
    line = wrong[: wrong.index(b"- id: read")].count(b"\n") + 1
    assert f"&lt;b&gt;bad.yaml:{line}</code>" in response.text
    assert "is already used at" in response.text
    assert "is not UTF-8 text" in response.text
    assert await connection.fetchval("SELECT count(*) FROM catalog_drafts") == 0


async def test_nothing_chosen_is_a_sentence(admin: httpx.AsyncClient) -> None:
    response = await upload(admin)
    assert response.status_code == 422
    assert "holds no file whose name ends in .yaml" in response.text


async def test_a_file_that_changes_nothing_offers_no_import(admin: httpx.AsyncClient) -> None:
    await imported(admin, PATHWAY)
    draft = (await upload(admin, ("a.yaml", text_of(PATHWAY)))).headers["location"]
    page = await admin.get(draft)
    assert "Nothing would change" in page.text
    assert "/import" not in page.text


async def test_what_is_downloaded_is_imported_again_without_a_change(
    admin: httpx.AsyncClient,
) -> None:
    await imported(admin, PATHWAY)
    one = await admin.get(f"{PAGE}/export/first-steps")
    assert one.headers["content-disposition"] == 'attachment; filename="first-steps.yaml"'
    whole = await admin.get(f"{PAGE}/export")
    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        assert archive.namelist() == ["pathways/first-steps.yaml"]
        assert archive.read("pathways/first-steps.yaml") == one.content
    draft = (await upload(admin, ("catalog.zip", whole.content))).headers["location"]
    assert "Nothing would change" in (await admin.get(draft)).text
    assert (await admin.get(f"{PAGE}/export/nothing")).status_code == 404
    assert (await admin.get(f"{PAGE}/pathways/nothing")).status_code == 404


async def test_an_empty_catalog_says_how_to_begin(admin: httpx.AsyncClient) -> None:
    assert "There is nothing to learn yet" in (await admin.get(PAGE)).text


async def test_an_upload_needs_the_token_of_its_page(admin: httpx.AsyncClient) -> None:
    response = await upload(admin, ("a.yaml", text_of(PATHWAY)), form_token="0" * 64)
    assert response.status_code == 403
    assert "not sent from a page of this session" in response.text
