"""YAML text as plain values, with the line every value was written on.

Read far more narrowly than YAML allows, because an operator's file may come from anywhere: no
aliases (a few lines of them can stand for gigabytes), no tags (they name code), one document,
no key twice (YAML would keep the last in silence), and the words of JSON for true, false and
null, so that `no` and `12:30` stay the text that was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

Location: TypeAlias = tuple[str | int, ...]

DEEPEST_NESTING = 20
MOST_PARTS = 200_000  # keys, values and the ends of groups; a pathway of the samples has some 2,000
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,30}([eE][-+][0-9]{1,3})?")


class YamlMistake(Exception):
    """The text cannot be read; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        self.message = message
        super().__init__(f"line {line}: {message}")


@dataclass(frozen=True)
class YamlSource:
    """What a file says, where it says it, and the keys it says twice."""

    value: Any
    lines: dict[Location, int]
    repeated: list[YamlMistake] = field(default_factory=list)

    def line_of(self, location: Sequence[str | int]) -> int:
        """The line of a value; of the nearest thing around it where it was never written."""
        place: Location = ()
        for part in location:
            if (*place, part) not in self.lines:
                break
            place = (*place, part)
        return self.lines[place]


def read_yaml(text: str) -> YamlSource:
    """Read one document. Raises YamlMistake for what stops the reading at all."""
    try:
        _refuse_dangerous_parts(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlMistake(mark.line + 1 if mark else 1, f"is not YAML: {error.problem}") from error
    if node is None:
        raise YamlMistake(1, "the file is empty")
    source = YamlSource(None, {(): 1})
    return YamlSource(_value(node, (), source), source.lines, source.repeated)


def _refuse_dangerous_parts(text: str) -> None:
    strange = _NOT_PRINTABLE.search(text)
    if strange:
        line = text.count("\n", 0, strange.start()) + 1
        raise YamlMistake(line, "holds a control character")
    depth = documents = 0
    for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        line = _line_of(event)
        if number > MOST_PARTS:
            raise YamlMistake(line, f"has more than {MOST_PARTS:,} keys and values up to here")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlMistake(line, "anchors and aliases (& and *) are not allowed: write it out")
        if getattr(event, "tag", None):
            raise YamlMistake(line, "tags (words that begin with !) are not allowed")
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise YamlMistake(line, "a file holds one document: take out the second `---`")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_NESTING:
            raise YamlMistake(line, f"is nested more than {DEEPEST_NESTING} levels deep")


def _value(node: yaml.Node, place: Location, source: YamlSource) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, source)
    if isinstance(node, yaml.SequenceNode):
        return [_item(item, (*place, index), source) for index, item in enumerate(node.value)]
    return _scalar(node)


def _item(node: yaml.Node, place: Location, source: YamlSource) -> Any:
    source.lines[place] = _line_of(node)
    return _value(node, place, source)


def _mapping(node: yaml.MappingNode, place: Location, source: YamlSource) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = _line_of(key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            raise YamlMistake(line, "a key must be a word")
        key = key_node.value
        if key in result:
            source.repeated.append(YamlMistake(line, f"`{key}` is written twice"))
        source.lines[(*place, key)] = line
        result[key] = _value(value_node, (*place, key), source)
    return result


def _line_of(part: Any) -> int:
    return int(part.start_mark.line) + 1


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    text = str(node.value)
    if getattr(node, "style", None):
        return text  # quoted or a block: text, whatever it looks like
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text
