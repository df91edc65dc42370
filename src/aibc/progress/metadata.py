"""What a client may keep on a completion: a JSON object that can be stored and shown again."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

MAX_DEPTH = 32
_SAFE_INTEGER = 2**53 - 1


def _refuse_unreadable(metadata: dict[str, Any]) -> dict[str, Any]:
    """Level by level and without recursion, so that depth itself cannot exhaust the stack."""
    level: list[Any] = [metadata]
    for _ in range(MAX_DEPTH):
        if any(_is_too_large(value) for value in level):
            raise PydanticCustomError("number_too_large", "holds a number that is too large")
        level = [item for value in level for item in _children(value)]
        if not level:
            return metadata
    raise PydanticCustomError("nested_too_deep", "is nested deeper than 32 levels")


def _is_too_large(value: Any) -> bool:
    # JavaScript reads larger whole numbers as other numbers.
    return isinstance(value, int) and abs(value) > _SAFE_INTEGER


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


ClientMetadata = Annotated[dict[str, Any], AfterValidator(_refuse_unreadable)]
