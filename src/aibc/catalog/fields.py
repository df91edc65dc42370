"""The kinds of value a catalog is made of, and what is wrong with one, in words."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import ErrorDetails

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LARGEST_EXACT_NUMBER = 2**53  # beyond it a browser's JSON.parse rounds


class CatalogModel(BaseModel):
    """A part of the catalog: nothing is converted, an unknown key is a mistake."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, str_strip_whitespace=True, allow_inf_nan=False
    )


def _without_control_characters(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("holds a control character")
    return text


def _on_one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("must be one line without tabs")
    return text


def _keepable(metadata: dict[str, Any]) -> dict[str, Any]:
    for value in _leaves(metadata):
        if isinstance(value, str):
            _without_control_characters(value).encode("utf-8")
        elif isinstance(value, int | float) and abs(value) > _LARGEST_EXACT_NUMBER:
            raise ValueError("holds a number that is too large to be kept exactly")
    return metadata


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for pair in value.items() for part in pair for leaf in _leaves(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value]


_CLEAN = AfterValidator(_without_control_characters)
_ONE_LINE = AfterValidator(_on_one_line)
ShortLine = Annotated[str, StringConstraints(min_length=1, max_length=80), _CLEAN, _ONE_LINE]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200), _CLEAN, _ONE_LINE]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000), _CLEAN]
LongText = Annotated[str, StringConstraints(max_length=10_000), _CLEAN]
Slug = Annotated[str, StringConstraints(max_length=80, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Accent = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Gradient = Annotated[
    str, StringConstraints(pattern=r"^from-[a-z]+-[1-9]\d{1,2} to-[a-z]+-[1-9]\d{1,2}$")
]
WebLink = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://[^\s/?#]+\S*$")]
MediaType = Annotated[
    str,
    StringConstraints(
        max_length=120, pattern=r"^([a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*|image/\*)$"
    ),
]
Minutes = Annotated[int, Field(ge=0, le=100_000)]
Position = Annotated[int, Field(ge=0, le=1_000_000)]
_Key = Annotated[str, StringConstraints(strip_whitespace=False)]
Metadata = Annotated[dict[_Key, Any], AfterValidator(_keepable)]

_PATTERN_SENTENCES = {
    "id": "must be a slug: lower-case letters, digits and hyphens, such as `image-generation`",
    "accent": "must be a colour such as `#4f46e5`, in lower case and in quotes",
    "color": "must be a pair such as `from-sky-500 to-blue-600`",
    "url": "must be a link that begins with https:// or http://",
    "accepted_file_types": "must be a media type such as `image/png`, or `image/*`",
}
_SENTENCES = {
    "extra_forbidden": "is not a key that is known here",
    "missing": "is missing",
    "string_type": "must be text (a number, true, false or null needs quotes to be text)",
    "string_unicode": "holds a character that is not valid Unicode",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a group of keys and values",
    "model_type": "must be a group of keys and values",
    "model_attributes_type": "must be a group of keys and values",
    "union_tag_not_found": "needs the key `type`",
    "union_tag_invalid": "must have one of the types {expected_tags}, not '{tag}'",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters long",
    "too_short": "must have at least {min_length} of them",
    "too_long": "must have at most {max_length} of them",
    "value_error": "{error}",
}


def sentence(error: ErrorDetails) -> str:
    """What is wrong and with which key: "`title` is missing"."""
    if not error["loc"]:
        return f"the document {_clause(error, '')}"
    *around, last = error["loc"]
    if isinstance(last, int):
        key = str(around[-1])
        return f"entry {last + 1} of `{key}` {_clause(error, key)}"
    return f"`{last}` {_clause(error, last)}"


def _clause(error: ErrorDetails, key: str) -> str:
    if error["type"] == "string_pattern_mismatch":
        return _PATTERN_SENTENCES[key]
    template = _SENTENCES.get(error["type"])
    return template.format_map(error.get("ctx", {})) if template else error["msg"]
