"""One snapshot a version: what is live, what counts, and what a learner may read of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
import pytest

from aibc.catalog.errors import ModuleNotFound, PathwayNotFound, ResourceNotFound
from aibc.catalog.importer import import_documents
from aibc.catalog.snapshot import CatalogCache, CatalogSnapshot
from aibc.database.pool import Database, Record
from aibc.settings import DatabaseSettings
from catalog.building import ANSWER, module, pathway, quiz, version, video

CATALOG = [
    pathway(
        "two",
        module("b", video("b-r2"), video("b-r1", is_required=False)),
        module("hidden", video("hidden-r1"), is_published=False),
        order_index=2,
    ),
    pathway("one", module("a", video("a-r1"), quiz("a-r2"), video("a-r3", is_published=False))),
    pathway("draft", module("c", video("c-r1")), is_published=False),
]


class CountingDatabase(Database):
    """The real pool; it counts the loads of the whole catalog."""

    loads = 0

    async def fetch_row(
        self, query: str, *arguments: object, repeatable: bool = False
    ) -> Record | None:
        self.loads += "AS resources" in query
        return await super().fetch_row(query, *arguments, repeatable=repeatable)


@pytest.fixture
async def counting(database_settings: DatabaseSettings) -> AsyncIterator[CountingDatabase]:
    database = await CountingDatabase.open(database_settings)
    assert isinstance(database, CountingDatabase)
    await import_documents(database, CATALOG)
    yield database
    await database.close()


@pytest.fixture
async def snapshot(database: Database) -> CatalogSnapshot:
    await import_documents(database, CATALOG)
    return await CatalogCache(database).current()


async def test_live_pathways_modules_and_resources_stand_in_their_order(
    snapshot: CatalogSnapshot,
) -> None:
    assert [one.id for one in snapshot.pathways] == ["one", "two"]
    assert [one.id for one in snapshot.live_pathway("two").modules] == ["b"]
    assert [one.id for one in snapshot.live_module("b").resources] == ["b-r2", "b-r1"]
    assert [one.id for one in snapshot.live_module("a").resources] == ["a-r1", "a-r2"]


async def test_live_holds_at_all_three_levels_and_counted_is_live_and_required(
    snapshot: CatalogSnapshot,
) -> None:
    live = {one.id for one in snapshot.resource_by_id.values() if one.is_live}
    counted = {one.id for one in snapshot.resource_by_id.values() if one.is_counted}
    assert live == {"a-r1", "a-r2", "b-r1", "b-r2"}
    assert counted == {"a-r1", "a-r2", "b-r2"}


@pytest.mark.parametrize("resource_id", ["a-r3", "hidden-r1", "c-r1", "unknown"])
async def test_what_is_not_live_is_not_found(snapshot: CatalogSnapshot, resource_id: str) -> None:
    with pytest.raises(ResourceNotFound):
        snapshot.live_resource(resource_id)


async def test_modules_and_pathways_that_are_not_live_are_not_found(
    snapshot: CatalogSnapshot,
) -> None:
    for module_id in ("hidden", "c", "unknown"):
        with pytest.raises(ModuleNotFound):
            snapshot.live_module(module_id)
    for pathway_id in ("draft", "unknown"):
        with pytest.raises(PathwayNotFound):
            snapshot.live_pathway(pathway_id)


async def test_what_hangs_below_something_removed_is_not_there_at_all(database: Database) -> None:
    await import_documents(database, CATALOG)
    await database.execute("UPDATE modules SET removed_at = clock_timestamp() WHERE id = 'a'")
    await database.execute("UPDATE pathways SET removed_at = clock_timestamp() WHERE id = 'two'")
    snapshot = await CatalogCache(database).current()
    assert [one.id for one in snapshot.pathways] == ["one"]
    assert snapshot.live_pathway("one").modules == ()
    assert set(snapshot.resource_by_id) == {"c-r1"}


async def test_a_fragment_is_the_resource_of_the_api(snapshot: CatalogSnapshot) -> None:
    resource = orjson.loads(snapshot.live_resource("b-r1").json.learner)
    times = [resource.pop("created_at"), resource.pop("updated_at")]
    assert resource == {
        "id": "b-r1",
        "module_id": "b",
        "pathway_id": "two",
        "type": "video",
        "title": "B-R1",
        "description": "",
        "order_index": 2,
        "duration_minutes": 10,
        "requires_upload": False,
        "accepted_file_types": [],
        "max_file_size_mb": 50,
        "allow_resubmission": True,
        "url": None,
        "metadata": {},
        "is_required": False,
        "is_published": True,
    }
    for time in times:
        assert time.endswith("Z")
        assert abs((datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()) < 60


async def test_a_template_leaves_room_in_each_resource(snapshot: CatalogSnapshot) -> None:
    filled = snapshot.live_module("a").template.staff.filled(
        {"a-r1": b',"completion":1,"submissions":[2]}', "elsewhere": b"?"}
    )
    whole = [orjson.loads(one.json.staff) for one in snapshot.live_module("a").resources]
    done = {"a-r1": {"completion": 1, "submissions": [2]}}
    nothing: dict[str, object] = {"completion": None, "submissions": []}
    assert orjson.loads(filled) == [one | done.get(one["id"], nothing) for one in whole]


async def test_filling_a_template_leaves_it_as_it_was(snapshot: CatalogSnapshot) -> None:
    template = snapshot.live_pathway("one").template.learner
    before = template.filled({})
    assert template.filled({"a-r1": b',"completion":1,"submissions":[]}'}) != before
    assert template.filled({}) == before


async def test_a_pathways_template_lists_its_modules_in_order(snapshot: CatalogSnapshot) -> None:
    pathway = snapshot.live_pathway("one")
    assert orjson.loads(pathway.template.learner.filled({})) == [
        {
            "module_id": module.id,
            "module_title": module.title,
            "resources": orjson.loads(module.template.learner.filled({})),
        }
        for module in pathway.modules
    ]


async def test_no_answer_is_in_anything_a_learner_reads_and_staff_read_all(
    snapshot: CatalogSnapshot,
) -> None:
    for resource in snapshot.resource_by_id.values():
        for shown in (
            resource.json.learner,
            snapshot.module_by_id[resource.module_id].template.learner.filled({}),
        ):
            assert ANSWER.encode() not in shown
            assert b"isCorrect" not in shown
            assert b"explanation" not in shown
    staff = orjson.loads(snapshot.live_resource("a-r2").json.seen_by(staff=True))
    (question,) = staff["metadata"]["questions"]
    assert question["explanation"] == ANSWER
    assert question["options"][0]["isCorrect"] is True
    learner = orjson.loads(snapshot.live_resource("a-r2").json.seen_by(staff=False))
    assert learner["metadata"]["questions"][0]["options"][0] == {"id": "a", "text": "This"}


async def test_a_quiz_edited_by_hand_into_another_shape_shows_nothing_it_should_not(
    database: Database,
) -> None:
    await import_documents(database, CATALOG)
    await database.execute(
        "UPDATE resources SET metadata = $1 WHERE id = 'a-r2'",
        {"questions": {"q1": {"isCorrect": ANSWER}}, "title": [{"explanation": ANSWER}]},
    )
    snapshot = await CatalogCache(database).current()
    assert ANSWER.encode() not in snapshot.live_resource("a-r2").json.learner


async def test_callers_at_the_same_moment_share_one_load(counting: CountingDatabase) -> None:
    cache = CatalogCache(counting)
    now = await version(counting)
    snapshots = await asyncio.gather(*[cache.at(now) for _ in range(20)])
    assert counting.loads == 1
    assert all(one is snapshots[0] for one in snapshots)
    assert await cache.current() is snapshots[0]
    assert counting.loads == 1


async def test_a_snapshot_lives_until_the_version_moves_on(counting: CountingDatabase) -> None:
    cache = CatalogCache(counting)
    first = await cache.current()
    await import_documents(counting, [pathway("one", module("a", video("a-r1", title="New")))])
    second = await cache.at(await version(counting))
    assert second.version > first.version
    assert second.live_resource("a-r1").title == "New"
    assert first.live_resource("a-r1").title == "A-R1"
    assert counting.loads == 2


async def test_a_load_that_began_before_a_change_is_not_given_to_who_saw_the_change(
    counting: CountingDatabase,
) -> None:
    cache = CatalogCache(counting)
    old = asyncio.create_task(cache.at(await version(counting)))
    await asyncio.sleep(0)
    await import_documents(counting, [pathway("one", module("a", video("a-r1", title="New")))])
    now = await version(counting)
    assert (await cache.at(now)).live_resource("a-r1").title == "New"
    await old


async def test_a_version_that_goes_back_as_after_a_restore_is_loaded_anew(
    counting: CountingDatabase,
) -> None:
    cache = CatalogCache(counting)
    ahead = await cache.current()
    await counting.execute("UPDATE catalog_state SET version = 1")
    assert (await cache.current()).version == 1 < ahead.version


async def test_a_caller_who_gives_up_does_not_stop_the_others(counting: CountingDatabase) -> None:
    cache = CatalogCache(counting)
    now = await version(counting)
    hasty = asyncio.create_task(cache.at(now))
    patient = asyncio.create_task(cache.at(now))
    await asyncio.sleep(0)
    hasty.cancel()
    assert (await patient).version == now
    assert counting.loads == 1


async def test_a_load_that_failed_is_tried_again_by_the_next_caller(
    counting: CountingDatabase,
) -> None:
    cache = CatalogCache(counting)
    await counting.execute("ALTER TABLE pathways RENAME TO away")
    with pytest.raises(Exception, match="pathways"):
        await cache.at(0)
    await counting.execute("ALTER TABLE away RENAME TO pathways")
    assert (await cache.current()).pathways
