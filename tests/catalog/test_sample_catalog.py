"""What is shipped: thirteen pathways, two of them in full, fit to show to a learner."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from aibc.catalog.documents import LessonDocument, ModuleDocument, PathwayDocument, QuizDocument
from aibc.catalog.exporter import export_catalog
from aibc.catalog.importer import import_documents
from aibc.catalog.loader import load_catalog
from aibc.catalog.quiz import Quiz
from aibc.database.pool import Database
from aibc.shipped import shipped_directory

DIRECTORY = shipped_directory("catalog")
PATHWAYS = {document.id: document for document in load_catalog(DIRECTORY)}

IDS = [
    "computer-vision",
    "reinforcement-learning",
    "mlops",
    "ai-ethics",
    "image-generation",
    "llm-creation",
    "ai-apis",
    "devops",
    "vibecoding",
    "prompt-engineering",
    "ai-agents",
    "vector-db-rag",
    "ai-research",
]
MODULES = {
    "image-generation": [
        "foundations-image-gen",
        "prompt-gemini-nano",
        "comfyui-workflows",
        "lora-vae-finetuning",
        "saas-prototyping",
        "creative-service-capstone",
    ],
    "prompt-engineering": [
        "prompting-foundations",
        "techniques-patterns",
        "multimodal-structured",
        "prompt-engineering-capstone",
    ],
}
FILES = {
    "image-generation": (["image/png", "image/jpeg", "image/webp", "application/pdf"], 25),
    "prompt-engineering": (
        ["text/plain", "text/markdown", "application/pdf", "image/png", "image/jpeg"],
        10,
    ),
}
OPTIONAL = {
    "comfyui-workflows-r4",
    "lora-vae-finetuning-r4",
    "saas-prototyping-r4",
    "creative-service-capstone-r4",
    "multimodal-structured-r4",
    "prompt-engineering-capstone-r4",
}
SAMPLE_MODULES = [(pathway, module) for pathway in MODULES for module in PATHWAYS[pathway].modules]
RESOURCES = [resource for _, module in SAMPLE_MODULES for resource in module.resources]
QUIZZES = [one.metadata for one in RESOURCES if isinstance(one, QuizDocument) and one.metadata]


def test_there_are_thirteen_pathways_in_their_order() -> None:
    ordered = sorted(PATHWAYS.values(), key=lambda document: document.order_index)
    assert [document.id for document in ordered] == IDS
    assert [document.order_index for document in ordered] == list(range(1, 14))


def test_two_pathways_have_modules_in_their_order() -> None:
    found = {document.id: [one.id for one in document.modules] for document in PATHWAYS.values()}
    assert {key: value for key, value in found.items() if value} == MODULES


@pytest.mark.parametrize(
    ("pathway", "module"), SAMPLE_MODULES, ids=lambda one: getattr(one, "id", one)
)
def test_a_module_has_five_resources_in_their_order(pathway: str, module: ModuleDocument) -> None:
    assert [(one.id, one.type) for one in module.resources] == [
        (f"{module.id}-r1", "video"),
        (f"{module.id}-r2", "article"),
        (f"{module.id}-r3", "exercise"),
        (f"{module.id}-r4", "quiz"),
        (f"{module.id}-r5", "project"),
    ]
    types, megabytes = FILES[pathway]
    for resource in module.resources:
        takes_files = resource.type in ("exercise", "project")
        if isinstance(resource, LessonDocument):
            assert resource.requires_upload is takes_files
            assert resource.accepted_file_types == (types if takes_files else [])
            assert resource.max_file_size_mb == (megabytes if takes_files else 50)
    assert module.duration_minutes == sum(one.duration_minutes for one in module.resources)


def test_the_quizzes_of_the_last_four_and_the_last_two_modules_are_not_required() -> None:
    assert {one.id for one in RESOURCES if not one.is_required} == OPTIONAL


def test_everything_shipped_is_published_and_may_be_handed_in_again() -> None:
    assert all(document.is_published for document in PATHWAYS.values())
    assert all(module.is_published for _, module in SAMPLE_MODULES)
    assert all(one.is_published and one.allow_resubmission for one in RESOURCES)


def test_every_link_is_https_and_every_video_and_article_has_one() -> None:
    for resource in RESOURCES:
        if resource.type in ("video", "article"):
            assert resource.url
        assert resource.url is None or resource.url.startswith("https://")


@pytest.mark.parametrize("quiz", QUIZZES, ids=lambda quiz: quiz.title)
def test_a_quiz_has_five_to_eight_explained_questions_of_several_kinds(quiz: Quiz) -> None:
    assert 5 <= len(quiz.questions) <= 8
    assert quiz.max_attempts is None
    assert quiz.grading == "server"
    assert len({question.type for question in quiz.questions}) >= 2
    assert all(question.explanation for question in quiz.questions)


def test_there_is_a_quiz_in_each_module_and_the_right_answers_stand_in_every_place() -> None:
    assert len(QUIZZES) == 10
    places = Counter(
        [option.is_correct for option in question.options].index(True)
        for quiz in QUIZZES
        for question in quiz.questions
        if question.type == "multiple-choice"
    )
    assert len(places) == 4
    assert max(places.values()) <= 2 * min(places.values())


def test_work_to_hand_in_says_what_to_hand_in_and_what_is_judged() -> None:
    for resource in RESOURCES:
        if resource.type in ("exercise", "project"):
            assert "\n\nHand in: " in resource.description
            assert "\n\nJudged on: " in resource.description


def test_every_text_is_written_for_its_place() -> None:
    texts = [one.description for one in [*PATHWAYS.values(), *RESOURCES]]
    texts += [module.description for _, module in SAMPLE_MODULES]
    assert min(map(len, texts)) >= 40
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("pathway", PATHWAYS.values(), ids=lambda pathway: pathway.id)
def test_an_accent_can_be_read_on_white_and_seen_on_black(pathway: PathwayDocument) -> None:
    own = luminance(pathway.accent)
    assert 1.05 / (own + 0.05) >= 4.5
    assert (own + 0.05) / (luminance("#111827") + 0.05) >= 3


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_accents_and_colours_are_different_for_every_pathway() -> None:
    assert len({document.accent for document in PATHWAYS.values()}) == 13
    assert len({document.color for document in PATHWAYS.values()}) == 13


async def test_the_files_are_written_as_an_export_writes_them(
    database: Database, tmp_path: Path
) -> None:
    await import_documents(database, list(PATHWAYS.values()))
    for file in await export_catalog(database, tmp_path):
        shipped = DIRECTORY / file.relative_to(tmp_path)
        assert file.read_text("utf-8") == shipped.read_text("utf-8")
