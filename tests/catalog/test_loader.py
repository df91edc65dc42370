"""Files of a catalog are loaded whole, or every mistake is named with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_core import ErrorDetails

from aibc.catalog import loader
from aibc.catalog.errors import CatalogInvalid
from aibc.catalog.fields import sentence
from aibc.catalog.loader import MAX_FILE_BYTES, load_catalog

PATHWAY = """\
id: painting
title: Painting
short_title: Paint
instructor: Ada Example
color: from-sky-500 to-blue-600
accent: "#1b78bb"
order_index: 1
modules:
  - id: first-strokes
    title: First strokes
    resources:
      - id: first-strokes-r1
        type: video
        title: Watch a brush
        duration_minutes: 12
        url: https://example.com/brush
      - id: first-strokes-r2
        type: exercise
        title: Paint a cube
        duration_minutes: 30
        requires_upload: true
        accepted_file_types: [image/png]
        max_file_size_mb: 25
      - id: first-strokes-r3
        type: quiz
        title: Check
        metadata:
          title: Brushes
          questions:
            - id: q1
              type: true-false
              question: Water dries.
              options:
                - {id: a, text: "True", isCorrect: true}
                - {id: b, text: "False", isCorrect: false}
"""


def problems(path: Path) -> list[str]:
    with pytest.raises(CatalogInvalid) as caught:
        load_catalog(path)
    return [f"{Path(p.file).name}:{p.line}: {p.message}" for p in caught.value.problems]


def problems_of(text: str, tmp_path: Path) -> list[str]:
    file = tmp_path / "painting.yaml"
    file.write_text(text, encoding="utf-8")
    return problems(file)


def test_a_file_becomes_a_document(tmp_path: Path) -> None:
    file = tmp_path / "painting.yaml"
    file.write_text(PATHWAY, encoding="utf-8")
    (document,) = load_catalog(file)
    assert document.id == "painting"
    assert [one.id for one in document.modules[0].resources] == [
        "first-strokes-r1",
        "first-strokes-r2",
        "first-strokes-r3",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("title: Painting\n", "", "1: `title` is missing"),
        ("title: Painting\n", "title: [a]\n", "2: `title` must be text (a number"),
        ("title: Painting\n", "title: 7\n", "2: `title` must be text (a number"),
        ("order_index: 1\n", "order_index: 1\norder: 1\n", "8: `order` is not a key that is known"),
        ("id: painting\n", "id: Painting_1\n", "1: `id` must be a slug"),
        ("id: painting\n", f"id: {'a' * 81}\n", "1: `id` must be at most 80 characters long"),
        ('"#1b78bb"', "blue", "6: `accent` must be a colour such as `#4f46e5`"),
        ("from-sky-500 to-blue-600", "blue", "5: `color` must be a pair such as"),
        ("order_index: 1", "order_index: first", "7: `order_index` must be a whole number"),
        ("modules:\n", "modules:\n  x:\n", "8: `modules` must be a list"),
        (
            "type: video",
            "type: film",
            "12: entry 1 of `resources` must have one of the types 'video', 'article', ",
        ),
        ("        type: video\n", "", "12: entry 1 of `resources` needs the key `type`"),
        ("minutes: 12", "minutes: 12.5", "15: `duration_minutes` must be a whole number"),
        ("minutes: 12", "minutes: -1", "15: `duration_minutes` must be at least 0"),
        ("https://example.com/brush", "javascript:alert(1)", "16: `url` must be a link that"),
        (
            "type: exercise",
            "type: article",
            "17: entry 2 of `resources` can ask for an upload only where",
        ),
        ("image/png", "png", "22: entry 1 of `accepted_file_types` must be a media type such as"),
        ("mb: 25", "mb: 51", "23: `max_file_size_mb` must be at most 50"),
        ("mb: 25", "mb: 0", "23: `max_file_size_mb` must be at least 1"),
        ("requires_upload: true", "requires_upload: maybe", "21: `requires_upload` must be true"),
        (
            "isCorrect: true",
            "isCorrect: false",
            "30: entry 1 of `questions` must have exactly one option",
        ),
        ("isCorrect: true", 'isCorrect: "true"', "34: `isCorrect` must be true or false"),
        ('text: "True"', "text: true", "34: `text` must be text (a number, true, false"),
        (
            "id: b, text",
            "id: a, text",
            "30: entry 1 of `questions` has two options with the id 'a'",
        ),
        (
            "title: Brushes",
            "title: Brushes\n          passingScore: 700",
            "29: `passingScore` must",
        ),
        ("title: First strokes", 'title: "a\\0b"', "10: `title` holds a control character"),
        ("title: First strokes", 'title: "a\\uD800b"', "10: is not YAML: found invalid Unicode"),
        ("title: First strokes", 'title: "a\\nb"', "10: `title` must be one line"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in PATHWAY
    (found,) = problems_of(PATHWAY.replace(old, new, 1), tmp_path)
    assert found.startswith(f"painting.yaml:{problem}")


def test_every_mistake_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(PATHWAY.replace("type: video", "type: film"), "utf-8")
    (tmp_path / "b.yaml").write_text("id: [1\n", "utf-8")
    (tmp_path / "c.yml").write_text(
        PATHWAY.replace("mb: 25", "mb: 99").replace("id: painting", "id: painting\nid: again"),
        "utf-8",
    )
    found = problems(tmp_path)
    assert [line.split(": ")[0] for line in found][:3] == ["a.yaml:12", "b.yaml:2", "c.yml:2"]
    assert any("max_file_size_mb" in line for line in found)
    assert any("`id` is written twice" in line for line in found)


def test_an_id_stands_once_in_all_files_together(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(PATHWAY, "utf-8")
    second.write_text(PATHWAY.replace("id: painting", "id: drawing"), "utf-8")
    found = problems(tmp_path)
    assert len(found) == 4
    assert found[0] == (f"b.yaml:9: the module id 'first-strokes' is already used at {first}:9")


def test_an_id_used_twice_in_one_file_is_found(tmp_path: Path) -> None:
    (found,) = problems_of(PATHWAY.replace("first-strokes-r2", "first-strokes-r1"), tmp_path)
    assert found.startswith("painting.yaml:17: the resource id 'first-strokes-r1' is already used")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "painting.yaml"
    file.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    assert problems(file) == ["painting.yaml:0: is larger than 2 MB"]


def test_a_file_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "painting.yaml"
    file.write_bytes(b"id: painting\ntitle: \xff\n")
    assert problems(file) == ["painting.yaml:2: is not UTF-8 text"]


def test_a_path_that_does_not_exist_and_a_directory_without_files_are_told_apart(
    tmp_path: Path,
) -> None:
    assert problems(tmp_path / "none") == ["none:0: there is no such file or directory"]
    (found,) = problems(tmp_path)
    assert found.endswith("holds no file whose name ends in .yaml")


def test_the_error_says_how_many_mistakes_there_are(tmp_path: Path) -> None:
    with pytest.raises(CatalogInvalid, match="holds 1 mistake, so nothing was imported"):
        load_catalog(tmp_path)


def test_a_quiz_may_come_without_questions_and_metadata_of_other_kinds_is_free(
    tmp_path: Path,
) -> None:
    file = tmp_path / "painting.yaml"
    text = PATHWAY[: PATHWAY.index("        metadata:")]
    file.write_text(text.replace("url: https://example.com/brush", "metadata: {level: 1.5}"))
    (document,) = load_catalog(file)
    video, _, quiz = document.modules[0].resources
    assert video.metadata == {"level": 1.5}
    assert quiz.metadata is None


def test_of_mistakes_without_number_the_first_thousand_are_told_and_no_more_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def counted(error: ErrorDetails) -> str:
        made.append(sentence(error))
        return made[-1]

    monkeypatch.setattr(loader, "sentence", counted)
    unknown = "".join(f"k{number}: 1\n" for number in range(5_000))
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(unknown, encoding="utf-8")
    with pytest.raises(CatalogInvalid, match="holds more than 1,000 mistakes") as caught:
        load_catalog(tmp_path)
    assert len(caught.value.problems) == 1_000
    assert len(made) == 1_001
    assert {Path(problem.file).name for problem in caught.value.problems} == {"a.yaml"}
