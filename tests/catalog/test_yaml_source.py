"""YAML is read narrowly, and every value knows its line."""

from __future__ import annotations

import time

import pytest

from aibc.catalog.yaml_source import MOST_PARTS, YamlMistake, read_yaml


def mistake(text: str) -> YamlMistake:
    with pytest.raises(YamlMistake) as caught:
        read_yaml(text)
    return caught.value


def test_values_know_the_line_they_were_written_on() -> None:
    source = read_yaml("id: a\nmodules:\n  - id: b\n    title: >-\n      two\n      lines\n  - c\n")
    assert source.value == {"id": "a", "modules": [{"id": "b", "title": "two lines"}, "c"]}
    assert source.line_of(("modules", 0, "title")) == 4
    assert source.line_of(("modules", 1)) == 7


def test_a_place_that_was_never_written_has_the_line_of_what_is_around_it() -> None:
    source = read_yaml("id: a\nmodules:\n  - id: b\n")
    assert source.line_of(("modules", 0, "title")) == 3
    assert source.line_of(("title",)) == 1


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("12:30", "12:30"),
        ("2026-11-22", "2026-11-22"),
        ("0x1F", "0x1F"),
        ("007", "007"),
        ("1_000", "1_000"),
        ('"7"', "7"),
        ("7", 7),
        ("-3", -3),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ("", None),
        (".nan", ".nan"),
        ("9999999999999999999999", "9999999999999999999999"),
    ],
)
def test_plain_words_mean_what_they_mean_in_json_and_are_text_otherwise(
    written: str, value: object
) -> None:
    found = read_yaml(f"key: {written}\n").value["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: &x [1]\nb: *x\n", 1, "anchors and aliases"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", 2, "tags"),
        ("a: 1\nb: !custom 2\n", 2, "tags"),
        ("a: 1\n---\nb: 2\n", 2, "one document"),
        ("a: 1\nb: [1, 2\n", 3, "is not YAML"),
        ("a: 1\n\tb: 2\n", 2, "is not YAML"),
        ("a: 1\n? [b]\n: 2\n", 2, "a key must be a word"),
        ("a: 1\nb: \x07\n", 2, "control character"),
        ("", 1, "empty"),
        ("# only a remark\n", 1, "empty"),
        ("a: " + "[" * 30 + "]" * 30, 1, "nested more than 20"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    found = mistake(text)
    assert words in found.message
    assert found.line == line


def test_a_key_written_twice_is_noted_at_its_second_place() -> None:
    (twice,) = read_yaml("a: 1\nb: 2\na: 3\n").repeated
    assert (twice.line, twice.message) == (3, "`a` is written twice")


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
    text = "\n".join(["l0: &l0 [x, x, x, x, x, x, x, x, x]", *levels])
    started = time.monotonic()
    mistake(text)
    assert time.monotonic() - started < 1


def test_two_hundred_thousand_brackets_do_not_exhaust_the_stack() -> None:
    assert mistake("[" * 200_000).line == 1


def test_values_without_number_are_refused_before_any_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def composed(*_: object, **__: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr("yaml.compose", composed)
    found = mistake("a:\n" + "- 1\n" * MOST_PARTS)
    assert found.message == "has more than 200,000 keys and values up to here"
