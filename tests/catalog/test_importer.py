"""An import adds, changes, moves, removes and brings back; what is the same stays untouched."""

from __future__ import annotations

import asyncio
from uuid import UUID

from aibc.catalog.documents import PathwayDocument
from aibc.catalog.importer import import_documents
from aibc.database.pool import Database
from catalog.building import live_ids, module, pathway, quiz, stored_rows, version, video

FIRST = pathway("one", module("a", video("a-r1"), quiz("a-r2")), module("b", video("b-r1")))


async def test_a_first_import_adds_everything(database: Database) -> None:
    summary = await import_documents(database, [FIRST])
    assert summary.pathways == {"added": ["one"]}
    assert summary.modules == {"added": ["a", "b"]}
    assert summary.resources == {"added": ["a-r1", "a-r2", "b-r1"]}
    assert summary.changed_anything


async def test_what_a_file_leaves_out_has_its_default(database: Database) -> None:
    await import_documents(database, [FIRST])
    rows = await stored_rows(database)
    assert rows["modules"][0] == {
        "id": "a",
        "pathway_id": "one",
        "title": "A",
        "description": "",
        "order_index": 1,
        "duration_minutes": 10,
        "is_published": True,
        "removed_at": None,
    }
    assert rows["resources"][0] == {
        "id": "a-r1",
        "module_id": "a",
        "type": "video",
        "title": "A-R1",
        "description": "",
        "order_index": 1,
        "duration_minutes": 10,
        "requires_upload": False,
        "accepted_file_types": [],
        "max_file_size_mb": 50,
        "allow_resubmission": True,
        "url": None,
        "metadata": {},
        "is_required": True,
        "is_published": True,
        "removed_at": None,
    }


async def test_a_second_import_touches_no_row_and_leaves_the_version(database: Database) -> None:
    await import_documents(database, [FIRST])
    before = await version(database)
    rows = await database.fetch("SELECT xmin, * FROM resources ORDER BY id")
    summary = await import_documents(database, [FIRST])
    assert summary.resources == {"unchanged": ["a-r1", "a-r2", "b-r1"]}
    assert not summary.changed_anything
    assert await version(database) == before
    assert await database.fetch("SELECT xmin, * FROM resources ORDER BY id") == rows


async def test_only_what_differs_is_changed(database: Database) -> None:
    await import_documents(database, [FIRST])
    changed = pathway(
        "one",
        module("a", video("a-r1", title="New"), quiz("a-r2", is_required=False)),
        module("b", video("b-r1")),
        instructor="Somebody Else",
    )
    summary = await import_documents(database, [changed])
    assert summary.pathways == {"changed": ["one"]}
    assert summary.modules == {"unchanged": ["a", "b"]}
    assert summary.resources == {"changed": ["a-r1", "a-r2"], "unchanged": ["b-r1"]}


async def test_what_vanishes_from_a_file_is_marked_removed_and_kept(database: Database) -> None:
    await import_documents(database, [FIRST])
    summary = await import_documents(database, [pathway("one", module("a", video("a-r1")))])
    assert summary.modules == {"unchanged": ["a"], "removed": ["b"]}
    assert summary.resources == {"unchanged": ["a-r1"], "removed": ["a-r2", "b-r1"]}
    assert await live_ids(database, "resources") == ["a-r1"]
    assert len((await stored_rows(database))["resources"]) == 3


async def test_what_comes_back_to_a_file_returns(database: Database) -> None:
    await import_documents(database, [FIRST])
    complete = await stored_rows(database)
    await import_documents(database, [pathway("one")])
    assert await live_ids(database, "resources") == []
    summary = await import_documents(database, [FIRST])
    assert summary.modules == {"returned": ["a", "b"]}
    assert summary.resources == {"returned": ["a-r1", "a-r2", "b-r1"]}
    assert await stored_rows(database) == complete


async def test_removing_twice_keeps_the_first_time(database: Database) -> None:
    await import_documents(database, [FIRST])
    await import_documents(database, [pathway("one")])
    first = await stored_rows(database)
    summary = await import_documents(database, [pathway("one")])
    assert not summary.changed_anything
    assert await stored_rows(database) == first


async def test_a_pathway_that_is_not_in_the_import_is_left_alone(database: Database) -> None:
    await import_documents(database, [FIRST])
    summary = await import_documents(database, [pathway("two", module("c", video("c-r1")))])
    assert "removed" not in summary.modules | summary.resources
    assert await live_ids(database, "modules") == ["a", "c", "b"]


async def test_a_removed_pathway_returns_when_its_file_is_imported(database: Database) -> None:
    await import_documents(database, [FIRST])
    await database.execute("UPDATE pathways SET removed_at = clock_timestamp()")
    assert (await import_documents(database, [FIRST])).pathways == {"returned": ["one"]}


async def test_a_resource_moves_between_modules(database: Database) -> None:
    await import_documents(database, [FIRST])
    moved = pathway("one", module("a", quiz("a-r2")), module("b", video("b-r1"), video("a-r1")))
    summary = await import_documents(database, [moved])
    assert summary.resources == {"moved": ["a-r1"], "changed": ["a-r2"], "unchanged": ["b-r1"]}
    place = await database.fetch_row(
        "SELECT module_id, order_index FROM resources WHERE id = 'a-r1'"
    )
    assert place is not None
    assert tuple(place) == ("b", 2)


async def test_a_module_moves_between_pathways_with_its_resources(database: Database) -> None:
    await import_documents(database, [FIRST])
    rest, other = (
        pathway("one", module("a", video("a-r1"), quiz("a-r2"))),
        pathway("two", module("b", video("b-r1"))),
    )
    summary = await import_documents(database, [rest, other])
    assert summary.modules == {"moved": ["b"], "unchanged": ["a"]}
    assert summary.resources == {"unchanged": ["a-r1", "a-r2", "b-r1"]}
    assert await live_ids(database, "resources") == ["a-r1", "b-r1", "a-r2"]


async def test_a_module_that_moved_survives_the_import_of_the_file_it_left(
    database: Database,
) -> None:
    await import_documents(database, [FIRST])
    await import_documents(database, [pathway("two", module("b", video("b-r1")))])
    rest = pathway("one", module("a", video("a-r1"), quiz("a-r2")))
    assert not (await import_documents(database, [rest])).changed_anything
    assert "b" in await live_ids(database, "modules")


async def test_a_resource_that_becomes_a_quiz_loses_its_upload(database: Database) -> None:
    upload = video("a-r1", type="exercise", requires_upload=True, accepted_file_types=["image/png"])
    await import_documents(database, [pathway("one", module("a", upload))])
    await import_documents(database, [pathway("one", module("a", quiz("a-r1")))])
    (row,) = (await stored_rows(database))["resources"]
    assert (row["type"], row["requires_upload"], row["accepted_file_types"]) == ("quiz", False, [])


async def test_many_imports_at_once_leave_what_the_last_one_wrote(database: Database) -> None:
    catalogs = [
        pathway("one", module("a", *[video(f"a-r{n}") for n in range(1, 4 + turn)]))
        for turn in range(6)
    ]
    summaries = await asyncio.gather(
        *[import_documents(database, [catalogs[turn % 6]]) for turn in range(12)]
    )
    added = [one for summary in summaries for one in summary.resources.get("added", [])]
    assert sorted(added) == [f"a-r{n}" for n in range(1, 9)]
    last = await live_ids(database, "resources")
    assert last in [[f"a-r{n}" for n in range(1, 4 + turn)] for turn in range(6)]


async def test_an_import_recounts_learners_who_are_touched(database: Database) -> None:
    await import_documents(database, [pathway("one", module("a", video("a-r1"), video("a-r2")))])
    learner = await database.fetch_value(
        "INSERT INTO users (email, email_key, full_name) VALUES ('l@example.com', 'l@example.com', "
        "'Learner') RETURNING id"
    )
    await database.execute("SELECT count(*) FROM learner_complete($1, 'a-r1', false)", learner)
    percentage = "SELECT progress_percentage FROM module_progress WHERE user_id = $1"
    assert await database.fetch_value(percentage, learner) == 50
    await import_documents(
        database, [pathway("one", module("a", *[video(f"a-r{n}") for n in range(1, 5)]))]
    )
    assert await database.fetch_value(percentage, learner) == 25
    await import_documents(database, [pathway("one", module("a", video("a-r1")))])
    assert await database.fetch_value(percentage, learner) == 100


async def test_imports_beside_learners_at_work_lose_nothing(database: Database) -> None:
    def catalog(count: int) -> PathwayDocument:
        return pathway("one", module("a", *[video(f"a-r{n}") for n in range(1, count + 1)]))

    await import_documents(database, [catalog(4)])
    learners = [
        row["id"]
        for row in await database.fetch(
            "INSERT INTO users (email, email_key, full_name) SELECT n || '@example.com', "
            "n || '@example.com', 'Learner' FROM generate_series(1, 8) AS n RETURNING id"
        )
    ]

    async def learn(user_id: UUID) -> None:
        for resource in ("a-r1", "a-r2"):
            await database.execute(
                "SELECT count(*) FROM learner_complete($1, $2, false)", user_id, resource
            )

    async def teach() -> None:
        for count in (3, 4, 3, 4):
            await import_documents(database, [catalog(count)])

    await asyncio.gather(teach(), *[learn(user_id) for user_id in learners])
    figures = await database.fetch("SELECT progress_percentage FROM user_progress")
    assert [row["progress_percentage"] for row in figures] == [50] * 8
