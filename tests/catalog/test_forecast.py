"""What a dry run foretells is what the import then does, figure by figure, learner by learner."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from aibc.catalog import forecast as module_under_test
from aibc.catalog.documents import PathwayDocument
from aibc.catalog.forecast import Forecast, Move, forecast_import
from aibc.catalog.forecast_output import forecast_document, forecast_sentence, forecast_table
from aibc.catalog.importer import import_documents
from aibc.database.pool import Database
from catalog.building import module, pathway, stored_rows, version, video
from fixtures.catalog import Connection, add_user
from rollups.recount import differences

ONE = pathway(
    "one",
    module("a", video("a-r1"), video("a-r2"), video("a-r3")),
    module("b", video("b-r1"), video("b-r2")),
)
TWO = pathway("two", module("c", video("c-r1")), order_index=2)

# What seven learners have completed: nobody's figures are quite another's.
DONE = [
    [],
    ["a-r1"],
    ["a-r1", "a-r2", "a-r3"],
    ["a-r1", "a-r2", "a-r3", "b-r1", "b-r2"],
    ["b-r1", "b-r2", "c-r1"],
    ["c-r1"],
    ["a-r2", "b-r1"],
]

CHANGES: dict[str, list[PathwayDocument]] = {
    "a resource more": [
        pathway(
            "one",
            module("a", video("a-r1"), video("a-r2"), video("a-r3"), video("a-r4")),
            module("b", video("b-r1"), video("b-r2")),
        )
    ],
    "a resource less": [
        pathway("one", module("a", video("a-r1")), module("b", video("b-r1"), video("b-r2")))
    ],
    "a module less": [pathway("one", module("b", video("b-r1"), video("b-r2")))],
    "a module more": [
        pathway(
            "one",
            module("a", video("a-r1"), video("a-r2"), video("a-r3")),
            module("b", video("b-r1"), video("b-r2")),
            module("d", video("d-r1")),
        )
    ],
    "optional from now on": [
        pathway(
            "one",
            module("a", video("a-r1"), video("a-r2", is_required=False), video("a-r3")),
            module("b", video("b-r1"), video("b-r2", is_required=False)),
        )
    ],
    "a draft again": [pathway("two", module("c", video("c-r1")), is_published=False)],
    "a module in another pathway": [
        pathway("one", module("a", video("a-r1"), video("a-r2"), video("a-r3"))),
        pathway("two", module("c", video("c-r1")), module("b", video("b-r1"), video("b-r2"))),
    ],
}


@pytest.fixture
async def learners(database: Database, connection: Connection) -> list[Any]:
    await import_documents(database, [ONE, TWO])
    made = []
    for done in DONE:
        learner = await add_user(connection)
        made.append(learner)
        for resource in done:
            await connection.execute("SELECT learner_complete($1, $2, false)", learner, resource)
    return made


async def figures(connection: Connection) -> dict[tuple[Any, ...], tuple[str, Any]]:
    """Every figure by learner, module (or pathway) and name, with the pathway it stands in."""
    found: dict[tuple[Any, ...], tuple[str, Any]] = {}
    for row in await connection.fetch("SELECT * FROM user_progress"):
        for name in ("progress_percentage", "completed_modules"):
            found[row["user_id"], row["pathway_id"], None, name] = (row["pathway_id"], row[name])
        done = row["completed_at"] is not None
        key = (row["user_id"], row["pathway_id"], None, "first_completed")
        found[key] = (row["pathway_id"], done)
    for row in await connection.fetch("SELECT * FROM module_progress"):
        key = (row["user_id"], None, row["module_id"], "progress_percentage")
        found[key] = (row["pathway_id"], row["progress_percentage"])
    for row in await connection.fetch("SELECT * FROM module_completions"):
        key = (row["user_id"], None, row["module_id"], "approval_status")
        found[key] = (row["pathway_id"], row["approval_status"])
    return found


NOTHING = {
    "progress_percentage": 0,
    "completed_modules": 0,
    "first_completed": False,
    "approval_status": None,
}


def really_moved(
    before: dict[tuple[Any, ...], tuple[str, Any]], after: dict[tuple[Any, ...], tuple[str, Any]]
) -> Counter[Move]:
    moved: Counter[Move] = Counter()
    for key in before.keys() | after.keys():
        _, _, module_id, name = key
        place, was = before.get(key, ("", NOTHING[name]))
        place, becomes = after.get(key, (place, NOTHING[name]))
        if was != becomes:
            moved[Move(place, module_id, name, was, becomes)] += 1
    return moved


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("batch", [1000, 2])
async def test_the_forecast_is_what_then_happens(
    database: Database,
    connection: Connection,
    learners: list[Any],
    change: str,
    batch: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module_under_test, "BATCH", batch)
    before, rows = await figures(connection), await stored_rows(database)
    forecast = await forecast_import(database, CHANGES[change])
    assert await figures(connection) == before
    assert await stored_rows(database) == rows
    summary = await import_documents(database, CHANGES[change])
    after = await figures(connection)
    assert forecast.moves == really_moved(before, after)
    assert forecast.moves
    assert forecast.summary == summary
    owners = {key[0] for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert forecast.learners_affected == len(owners)
    assert await differences(connection) == []


async def test_distributions_count_learners_by_from_and_to(
    database: Database, learners: list[Any]
) -> None:
    forecast = await forecast_import(database, CHANGES["a resource more"])
    moves = {
        (move.before, move.after): count
        for move, count in forecast.moves.items()
        if (move.module_id, move.figure) == ("a", "progress_percentage")
    }
    assert moves == {(33, 25): 2, (100, 75): 2}
    assert forecast.learners_recounted == 5
    assert (forecast.approvals_gained, forecast.approvals_lost) == (0, 0)


async def test_gained_approvals_are_counted(database: Database, learners: list[Any]) -> None:
    forecast = await forecast_import(database, CHANGES["a resource less"])
    assert forecast.approvals_gained == 1
    document = forecast_document(forecast)
    assert {
        "pathway_id": "one",
        "module_id": "a",
        "figure": "approval_status",
        "before": None,
        "after": "approved",
        "learners": 1,
    } in document["moves"]


async def test_a_new_title_moves_nobody(database: Database, learners: list[Any]) -> None:
    renamed = pathway(
        "one",
        module("a", video("a-r1", title="New"), video("a-r2"), video("a-r3")),
        module("b", video("b-r1"), video("b-r2")),
    )
    before = await version(database)
    forecast = await forecast_import(database, [renamed])
    assert forecast.summary.resources["changed"] == ["a-r1"]
    assert not forecast.moves
    assert forecast.learners_recounted == 0
    assert forecast_sentence(forecast) == "No learner's figures move."
    assert await version(database) == before


async def test_what_learners_write_meanwhile_is_not_put_down_to_the_import(
    database: Database, connection: Connection, learners: list[Any]
) -> None:
    stop = asyncio.Event()

    async def write() -> int:
        written = 0
        while not stop.is_set():
            await database.execute("SELECT FROM learner_uncomplete($1, 'a-r1')", learners[1])
            await database.execute("SELECT FROM learner_complete($1, 'a-r1', false)", learners[1])
            for status in ("in_progress", "completed"):
                await database.execute(
                    "UPDATE resource_completions SET status = $2"
                    " WHERE user_id = $1 AND resource_id = 'c-r1'",
                    learners[5],
                    status,
                )
            written += 4
        return written

    writing = asyncio.create_task(write())
    try:
        for _ in range(10):
            forecast = await forecast_import(database, CHANGES["a resource more"])
            assert {move.pathway_id for move in forecast.moves} == {"one"}
            for move, count in forecast.moves.items():
                if move.figure == "progress_percentage" and move.module_id == "a":
                    assert (move.before, move.after) in {(33, 25), (66, 50), (100, 75)}, count
            await asyncio.sleep(0.01)
    finally:
        stop.set()
        assert await writing > 4
    assert await differences(connection) == []


async def test_a_long_distribution_is_cut_for_people_and_whole_in_the_document(
    database: Database,
) -> None:
    forecast = Forecast(await import_documents(database, [ONE]))
    for percentage in range(40):
        forecast.moves[Move("one", "a", "progress_percentage", percentage, 0)] = percentage + 1
    table = forecast_table(forecast)
    assert table.row_count == 1
    cell = next(iter(table.columns[2].cells))
    assert isinstance(cell, str)
    lines = cell.splitlines()
    assert lines[0] == "39 % → 0 %: 40 learners"
    assert lines[-1] == "… 28 other moves: 406 learners"
    assert len(forecast_document(forecast)["moves"]) == 40
