"""The pathways, modules and resources that everything is measured on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.identities import module_id, pathway_id, resource_id
from benchmarks.scales import MODULES, PATHWAYS, RESOURCES

TYPES = (
    "video", "article", "video", "exercise", "quiz", "article",
    "video", "exercise", "article", "quiz", "project", "video",
)  # fmt: skip
EXERCISE_PLACE, PROJECT_PLACE = 3, 10
FILE_TYPES = ["image/png", "application/pdf", "text/plain", "application/zip"]
TITLES = {
    "video": "Watch: {topic}, step by step",
    "article": "Read: {topic} in practice",
    "exercise": "Try it: {topic} with your own data",
    "quiz": "Check: what you know about {topic}",
    "project": "Build: a small product with {topic}",
}
TOPICS = (
    "embeddings", "prompting", "fine-tuning", "evaluation",
    "retrieval", "agents", "deployment", "safety",
)  # fmt: skip
DESCRIPTIONS = {
    "video": "Twelve minutes, with a notebook to follow along.",
    "article": "What the papers leave out, with links to the code.",
    "exercise": "Half an hour of work on a data set you choose.",
    "quiz": "Four questions; pass them and go on.",
    "project": "Hand in one file: what you built and how you know that it works.",
}


class Table(NamedTuple):
    """Rows for one table, in the order of its columns."""

    name: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


def takes_file(place: int) -> bool:
    """Whether the resource in this place of a pathway is handed in as a file.

    An exercise in each module, and a project in every second.
    """
    module, within = divmod(place, RESOURCES)
    return within == EXERCISE_PLACE or (within == PROJECT_PLACE and module % 2 == 1)


def tables() -> Iterator[Table]:
    """The whole curriculum."""
    yield Table(
        "pathways",
        ["id", "title", "short_title", "instructor", "description", "order_index"],
        [_pathway(number) for number in range(PATHWAYS)],
    )
    yield Table(
        "modules",
        ["id", "pathway_id", "title", "description", "order_index", "duration_minutes"],
        [_module(number, module) for number in range(PATHWAYS) for module in range(1, MODULES + 1)],
    )
    yield Table(
        "resources",
        [
            "id", "module_id", "type", "title", "description", "order_index", "duration_minutes",
            "requires_upload", "accepted_file_types", "max_file_size_mb", "url", "metadata",
        ],
        [
            _resource(number, place)
            for number in range(PATHWAYS)
            for place in range(MODULES * RESOURCES)
        ],
    )  # fmt: skip


def _pathway(number: int) -> tuple[Any, ...]:
    return (
        pathway_id(number),
        f"Pathway {number + 1}: {TOPICS[number % len(TOPICS)]}",
        f"Pathway {number + 1}",
        "Grace Hopper",
        "From the first experiment to something that people use.",
        number,
    )


def _module(pathway: int, module: int) -> tuple[Any, ...]:
    return (
        module_id(pathway, module),
        pathway_id(pathway),
        f"Module {module}: {TOPICS[(pathway + module) % len(TOPICS)]}",
        "What it is, how to do it well, and how to tell.",
        module,
        360,
    )


def _resource(pathway: int, place: int) -> tuple[Any, ...]:
    module, within = divmod(place, RESOURCES)
    type_ = TYPES[within]
    topic = TOPICS[(pathway + module + 1) % len(TOPICS)]
    uploads = takes_file(place)
    return (
        resource_id(pathway, place),
        module_id(pathway, module + 1),
        type_,
        TITLES[type_].format(topic=topic),
        DESCRIPTIONS[type_],
        within + 1,
        30,
        uploads,
        FILE_TYPES if uploads else [],
        50,
        None if uploads or type_ == "quiz" else f"https://learn.example.org/{pathway}/{place}",
        json.dumps(_quiz(topic) if type_ == "quiz" else {}),
    )


def _quiz(topic: str) -> dict[str, Any]:
    questions = [
        {
            "id": f"q{number}",
            "type": "multiple-choice",
            "question": f"Which of these says most about {topic}?",
            "options": [
                {"id": letter, "text": f"Answer {letter}", "isCorrect": letter == "a"}
                for letter in "abcd"
            ],
        }
        for number in range(1, 5)
    ]
    return {"title": f"What you know about {topic}", "passingScore": 70, "questions": questions}
